//! One list, read page by page to its end.

use futures_util::{StreamExt, stream};
use rustc_hash::{FxHashMap, FxHashSet};
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use crate::connectors::api::detail::AT_ONCE;
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
    picker: Picker,
    keeper: Keeper<'a>,
}

/// Who came so far, and who of them is kept.
pub(super) struct Keeper<'a> {
    pub mapper: Mapper<'a>,
    id: Option<usize>,
    email: Option<usize>,
    /// The address that is looked for; all where there is none.
    wanted: Option<String>,
    /// Everybody so far, by a digest of the id (a collision would lose somebody): a digest of the record.
    came: FxHashMap<u128, u64>,
}

/// What the records of a page were.
#[derive(Debug, Default)]
pub(super) struct Count {
    /// Of people who had not come yet.
    new: u64,
    /// Without an id, with that of another record, or of nobody any more.
    unusable: u64,
}

impl<'a> Passes<'a> {
    pub fn new(
        connector: &'a Connector,
        settings: &'a Settings,
        attributes: &'a Attributes,
        client: &'a Client,
        context: &'a Context,
    ) -> Self {
        let keeper = Keeper::new(connector, attributes);
        Self { settings, client, context, picker: settings.picker(), keeper }
    }

    /// Keeps only the people of one address, folded.
    pub fn only(&mut self, address: &str) {
        self.keeper.wanted = Some(address.to_owned());
    }

    pub fn into_mapper(self) -> Mapper<'a> {
        self.keeper.mapper
    }

    /// Reads a list to its end.
    pub async fn read(&mut self, pass: &Pass) -> Result<EndedList, Error> {
        let shape = pass.shape();
        let mut progress = Progress::default();
        let mut told: Option<u64> = None;
        let mut bodies = FxHashSet::default();
        let (before, mut useless) = (self.keeper.came.len() as u64, 0);
        let mut call = pass.ask.call(self.settings);
        pass.paging.begin(&mut call);
        loop {
            progress.pages += 1;
            let attempt = format!("page {} of `{}`", progress.pages, shown(&call.url));
            let answer = self.client.send(&call, &attempt, self.context).await?;
            let (page, Count { new, unusable }) = self.take(&shape, &answer, &attempt).await?;
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
            self.context.progress.set(self.keeper.mapper.records());
            match pass
                .paging
                .next(&call, &answer, &page, &mut progress, &self.settings.http)
                .map_err(wrong)?
            {
                Next::Page(next) => call = next,
                Next::End => {
                    let came = self.keeper.came.len() as u64 - before + useless;
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
        let (page, _) = self.take(&shape, &answer, &attempt).await?;
        if page.records.is_none() && !page.is_empty && page.total != Some(0) {
            return Err(self.client.wrong(&attempt, Fault::NoList { place: in_words(&pass.list) }));
        }
        Ok(())
    }

    /// Reads a page: what it says, and what its records are, each with its details where there are any.
    async fn take(
        &mut self,
        shape: &Shape,
        answer: &Answered,
        attempt: &str,
    ) -> Result<(Page, Count), Error> {
        let Self { settings, client, context, picker, keeper } = self;
        let wrong = |why| client.wrong(attempt, unreadable(&answer.body, &why));
        let place = |number| format!("{attempt}, record {number}");
        let mut count = Count::default();
        let Some(details) = settings.details(client, context) else {
            let each = |record: &Record, number| keeper.keep(record, &mut count, || place(number));
            let page = shape.read(&answer.body, picker, each).map_err(wrong)?;
            return Ok((page, count));
        };
        let mut records = Vec::new();
        let page = shape.read_raw(&answer.body, &mut records).map_err(wrong)?;
        let asked = stream::iter(records).map(|record| details.of(record)).buffered(AT_ONCE);
        let mut asked = std::pin::pin!(asked.zip(stream::iter(1_u64..)));
        let mut record = Record::default();
        while let Some((whole, number)) = asked.next().await {
            let Some(whole) = whole? else {
                // Erased since the page was sent.
                count.unusable += 1;
                continue;
            };
            picker.pick_raw(&whole, &mut record).map_err(|error| wrong(Unreadable::Json(error)))?;
            keeper.keep(&record, &mut count, || place(number));
        }
        Ok((page, count))
    }
}

impl<'a> Keeper<'a> {
    pub fn new(connector: &'a Connector, attributes: &'a Attributes) -> Self {
        let column =
            |wanted| connector.mapping.columns.iter().position(|(attribute, _)| *attribute == wanted);
        Self {
            mapper: Mapper::new(&connector.name, &connector.mapping, attributes),
            id: column(Attribute::ID),
            email: column(Attribute::EMAIL),
            wanted: None,
            came: FxHashMap::default(),
        }
    }

    /// Takes a record. `place` says where it stands.
    pub fn keep(&mut self, record: &Record, count: &mut Count, place: impl FnOnce() -> String) {
        match self.id.and_then(|column| record.of(column).next()) {
            None => count.unusable += 1,
            Some(id) => {
                let content = xxh3_64(record.text().as_bytes());
                match self.came.insert(xxh3_128(id.as_bytes()), content) {
                    None => count.new += 1,
                    // Pages that shift while they are read show somebody twice.
                    Some(before) if before == content => return,
                    // The source has two records of one id: neither can be used, and both were counted by it.
                    Some(_) => count.unusable += 1,
                }
            }
        }
        let is_wanted = self.wanted.as_ref().is_none_or(|wanted| {
            self.email.is_some_and(|column| record.of(column).any(|address| fold(address) == *wanted))
        });
        if is_wanted {
            self.mapper.push(record, place);
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

pub(super) fn in_words(list: &[String]) -> String {
    if list.is_empty() { "the top of the answer".to_owned() } else { list.join(".") }
}
