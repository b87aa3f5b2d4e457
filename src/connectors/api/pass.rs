//! One list, read page by page to its end.

use rustc_hash::{FxHashMap, FxHashSet};
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use crate::connectors::api::paging::{Next, Progress};
use crate::connectors::api::{Pass, Settings};
use crate::connectors::http::{Answered, Client, Fault, shown};
use crate::connectors::json::{Page, Picker, Shape, Unreadable};
use crate::connectors::mapper::{Mapper, Record};
use crate::connectors::proof::EndedList;
use crate::connectors::{Connector, Context, Error};
use crate::model::attributes::{Attribute, Attributes};
use crate::model::names::fold;

/// All lists of a reading, on their way into one table of people.
pub(super) struct Passes<'a> {
    settings: &'a Settings,
    client: &'a Client,
    context: &'a Context,
    mapper: Mapper<'a>,
    picker: Picker,
    id: Option<usize>,
    email: Option<usize>,
    /// The address that is looked for; all where there is none.
    wanted: Option<String>,
    /// Everybody so far, by a digest of the id (a collision would lose somebody): a digest of the record.
    came: FxHashMap<u128, u64>,
}

impl<'a> Passes<'a> {
    pub fn new(
        connector: &'a Connector,
        settings: &'a Settings,
        attributes: &'a Attributes,
        client: &'a Client,
        context: &'a Context,
    ) -> Self {
        let column =
            |wanted| connector.mapping.columns.iter().position(|(attribute, _)| *attribute == wanted);
        Self {
            settings,
            client,
            context,
            mapper: Mapper::new(&connector.name, &connector.mapping, attributes),
            picker: settings.picker(),
            id: column(Attribute::ID),
            email: column(Attribute::EMAIL),
            wanted: None,
            came: FxHashMap::default(),
        }
    }

    /// Keeps only the people of one address, folded.
    pub fn only(&mut self, address: &str) {
        self.wanted = Some(address.to_owned());
    }

    pub fn into_mapper(self) -> Mapper<'a> {
        self.mapper
    }

    /// Reads a list to its end.
    pub async fn read(&mut self, pass: &Pass) -> Result<EndedList, Error> {
        let shape = pass.shape();
        let mut progress = Progress::default();
        let mut told: Option<u64> = None;
        let mut bodies = FxHashSet::default();
        let (before, mut useless) = (self.came.len() as u64, 0);
        let mut call = pass.ask.call(self.settings);
        pass.paging.begin(&mut call);
        loop {
            progress.pages += 1;
            let attempt = format!("page {} of `{}`", progress.pages, shown(&call.url));
            let answer = self.client.send(&call, &attempt, self.context).await?;
            let (page, new, unusable) = self.take(&shape, &answer, &attempt)?;
            let wrong = |fault| self.client.wrong(&attempt, fault);
            useless += unusable;
            told = told.max(page.total);
            let records = match page.records {
                Some(records) => records,
                None if page.is_empty || page.total == Some(0) => 0,
                None => return Err(wrong(Fault::NoList { place: in_words(&pass.list) })),
            };
            progress.records += records;
            let came_before = !bodies.insert(xxh3_64(&answer.body));
            if records > 0 && (came_before || new == 0 && unusable == 0) {
                return Err(wrong(Fault::Circle { page: progress.pages }));
            }
            self.context.progress.set(self.mapper.records());
            match pass
                .paging
                .next(&call, &answer, &page, &mut progress, &self.settings.http)
                .map_err(wrong)?
            {
                Next::Page(next) => call = next,
                Next::End => {
                    let came = self.came.len() as u64 - before + useless;
                    return match (EndedList::prove(told, came), told) {
                        (Some(ended), _) => Ok(ended),
                        (None, told) => {
                            let told = told.unwrap_or_default();
                            Err(self.client.wrong(&attempt, Fault::TooFew { told, came }))
                        }
                    };
                }
            }
        }
    }

    /// Reads the first page of a list, for looking at.
    pub async fn first_page(&mut self, pass: &Pass) -> Result<(), Error> {
        let shape = pass.shape();
        let mut call = pass.ask.call(self.settings);
        pass.paging.begin(&mut call);
        let attempt = format!("page 1 of `{}`", shown(&call.url));
        let answer = self.client.send(&call, &attempt, self.context).await?;
        let (page, _, _) = self.take(&shape, &answer, &attempt)?;
        if page.records.is_none() && !page.is_empty && page.total != Some(0) {
            return Err(self.client.wrong(&attempt, Fault::NoList { place: in_words(&pass.list) }));
        }
        Ok(())
    }

    /// Reads a page: what it says, how many of its records are of people who had not come yet, and how many have no id,
    /// or that of another record.
    fn take(&mut self, shape: &Shape, answer: &Answered, attempt: &str) -> Result<(Page, u64, u64), Error> {
        let Self { mapper, picker, came, id, email, wanted, .. } = self;
        let (mut new, mut unusable) = (0, 0);
        let each = |record: &Record, number| {
            let id = id.and_then(|column| record.of(column).next());
            match id {
                None => unusable += 1,
                Some(id) => {
                    let content = xxh3_64(record.text().as_bytes());
                    match came.insert(xxh3_128(id.as_bytes()), content) {
                        None => new += 1,
                        // Pages that shift while they are read show somebody twice.
                        Some(before) if before == content => return,
                        // The source has two records of one id: neither can be used, and both were counted by it.
                        Some(_) => unusable += 1,
                    }
                }
            }
            let is_wanted = wanted.as_ref().is_none_or(|wanted| {
                email.is_some_and(|column| record.of(column).any(|address| fold(&address) == *wanted))
            });
            if is_wanted {
                mapper.push(record, || format!("{attempt}, record {number}"));
            }
        };
        match shape.read(&answer.body, picker, each) {
            Ok(page) => Ok((page, new, unusable)),
            Err(why) => Err(self.client.wrong(attempt, unreadable(&answer.body, &why))),
        }
    }
}

impl Pass {
    /// Where its answers have what.
    pub(super) fn shape(&self) -> Shape {
        Shape {
            list: self.list.clone(),
            total: self.total.clone(),
            next: self.paging.at(),
            empty: self.without_list.clone(),
        }
    }
}

/// Why an answer cannot be read, in words.
pub(super) fn unreadable(body: &[u8], why: &Unreadable) -> Fault {
    let what = match why {
        Unreadable::Total(text) => return Fault::NoTotal(text.clone()),
        Unreadable::Json(_) if body.iter().all(u8::is_ascii_whitespace) => "an empty answer".to_owned(),
        Unreadable::Json(_) if body.trim_ascii_start().starts_with(b"<") => {
            "a page of HTML or XML, no JSON".to_owned()
        }
        Unreadable::Json(error) if error.is_eof() => {
            format!("JSON that breaks off in line {}, column {}", error.line(), error.column())
        }
        Unreadable::Json(error) => format!("not the JSON that was expected: {error}"),
    };
    Fault::NotJson { what }
}

fn in_words(list: &[String]) -> String {
    if list.is_empty() { "the top of the answer".to_owned() } else { list.join(".") }
}
