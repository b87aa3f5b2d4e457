//! A sample of every error of files.

use std::io;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use crate::csv::CsvError;
use crate::file::{
    BinaryFormat, FileError, FileOrder, InvalidUtf16, NearMiss, NearMissReason, WrongEncoding,
};
use crate::json_file::{JsonFileError, JsonValueKind};
use crate::{ConnectorAttempt, ConnectorCause, ConnectorError};

use super::error_samples::error;

/// Errors of files, then those of their content.
pub(super) fn file_errors() -> Vec<ConnectorError> {
    let file = file_causes().into_iter().map(file_error);
    let csv = csv_causes().into_iter().map(file_error);
    file.chain(csv).chain(json_causes().into_iter().map(file_error)).collect()
}

fn file_error(cause: impl Into<ConnectorCause>) -> ConnectorError {
    error(ConnectorAttempt::ReadFile { path: PathBuf::from("/in/people.csv") }, cause)
}

fn file_causes() -> Vec<FileError> {
    let done = || PathBuf::from("/in/people.done");
    let hours = |hours: u64| Duration::from_secs(3600 * hours);
    let cause = || io::Error::from(io::ErrorKind::NotFound);
    let causes = [
        FileError::Unreadable(cause()),
        FileError::UnreadableFolder { folder: PathBuf::from("/in"), cause: cause() },
        FileError::NoFile,
        FileError::OutsideFolder { folder: PathBuf::from("/in") },
        FileError::Binary(BinaryFormat::Zip),
        FileError::Binary(BinaryFormat::CompoundFile),
        FileError::Binary(BinaryFormat::Gzip),
        FileError::Binary(BinaryFormat::Pdf),
        FileError::WrongEncoding(WrongEncoding::NotUtf16(InvalidUtf16 { line: 3 })),
        FileError::WrongEncoding(WrongEncoding::Utf8),
        FileError::WebPage,
        FileError::Empty,
        FileError::NoPeople,
        FileError::TooFewRows { rows: 4, wanted: 5 },
        FileError::TooOld { age: hours(30), most: hours(26) },
        FileError::NotDone { done_file: done(), cause: cause() },
        FileError::DoneBefore(done()),
        FileError::NoDigest { sha256_file: done(), cause: None },
        FileError::WrongDigest(done()),
        FileError::Changed(None),
        FileError::NoLineBreak,
        FileError::OlderThanLast { last: PathBuf::from("/in/people-2026-11-28.csv") },
        FileError::NoCompleteFile { near_miss: None },
    ];
    let missed = near_miss_reasons().into_iter().map(|reason| {
        let order = FileOrder { date: None, modified: SystemTime::UNIX_EPOCH };
        let near_miss = Some(NearMiss { name: "people-2026-11-28.csv".to_owned(), reason, order });
        FileError::NoCompleteFile { near_miss }
    });
    let causes: Vec<FileError> = causes.into_iter().chain(missed).collect();
    for cause in &causes {
        match cause {
            FileError::Unreadable(_)
            | FileError::UnreadableFolder { .. }
            | FileError::NoCompleteFile { .. }
            | FileError::OlderThanLast { .. }
            | FileError::NoFile
            | FileError::OutsideFolder { .. }
            | FileError::Binary(_)
            | FileError::WrongEncoding(_)
            | FileError::WebPage
            | FileError::Empty
            | FileError::NoPeople
            | FileError::TooFewRows { .. }
            | FileError::TooOld { .. }
            | FileError::NotDone { .. }
            | FileError::DoneBefore(_)
            | FileError::NoDigest { .. }
            | FileError::WrongDigest(_)
            | FileError::Changed(_)
            | FileError::NoLineBreak => (),
        }
    }
    causes
}

fn near_miss_reasons() -> Vec<NearMissReason> {
    let done = || PathBuf::from("/in/people.done");
    let reasons = vec![
        NearMissReason::TemporaryName,
        NearMissReason::NotDone(done()),
        NearMissReason::DoneBefore(done()),
        NearMissReason::Empty,
        NearMissReason::Changed,
        NearMissReason::Future,
        NearMissReason::InvalidDate,
        NearMissReason::OtherName,
    ];
    for reason in &reasons {
        match reason {
            NearMissReason::TemporaryName
            | NearMissReason::NotDone(_)
            | NearMissReason::DoneBefore(_)
            | NearMissReason::Empty
            | NearMissReason::Changed
            | NearMissReason::Future
            | NearMissReason::InvalidDate
            | NearMissReason::OtherName => (),
        }
    }
    reasons
}

fn csv_causes() -> Vec<CsvError> {
    let causes = vec![
        CsvError::NotUtf8 { line: 3, guess: Some("windows-1252") },
        CsvError::NotUtf8 { line: 3, guess: None },
        CsvError::StrayQuote { line: 3 },
        CsvError::OpenQuote { line: 3 },
        CsvError::Fields { line: 3, found: 5, expected: 4 },
        CsvError::FewerRows { line: 192, text: "Total: 200".to_owned(), rows: 190 },
        CsvError::LinesAboveHeader { line: 1, text: "All workers".to_owned(), header: 3 },
        CsvError::HeaderSkipped { header: 2 },
        CsvError::SkippedPerson { line: 2 },
        CsvError::NotHeader { line: 3 },
        CsvError::GarbledColumn {
            expected: "Größe".to_owned(),
            found: "GrÃ¶ÃŸe".to_owned(),
            encoding: Some("utf-8"),
        },
        CsvError::GarbledColumn {
            expected: "Größe".to_owned(), found: "Gr”áe".to_owned(), encoding: None
        },
        CsvError::NoHeader { line: 3 },
        CsvError::RepeatedColumn("mail".to_owned()),
        CsvError::MissingColumns {
            missing: vec!["`mail` (mapped to `email`)".to_owned()],
            columns: vec!["`id`".to_owned(), "`name`".to_owned()],
        },
    ];
    for cause in &causes {
        match cause {
            CsvError::NotUtf8 { .. }
            | CsvError::StrayQuote { .. }
            | CsvError::OpenQuote { .. }
            | CsvError::Fields { .. }
            | CsvError::FewerRows { .. }
            | CsvError::LinesAboveHeader { .. }
            | CsvError::HeaderSkipped { .. }
            | CsvError::SkippedPerson { .. }
            | CsvError::NotHeader { .. }
            | CsvError::GarbledColumn { .. }
            | CsvError::NoHeader { .. }
            | CsvError::RepeatedColumn(_)
            | CsvError::MissingColumns { .. } => (),
        }
    }
    causes
}

fn json_causes() -> Vec<JsonFileError> {
    let (place, problem) = ("line 2".to_owned(), "it is empty".to_owned());
    let keys = || vec!["value".to_owned(), "next".to_owned()];
    let causes = vec![
        JsonFileError::NotClosed,
        JsonFileError::Wrapped { lists: vec!["value".to_owned()] },
        JsonFileError::NoAttributes { keys: keys() },
        JsonFileError::NoList { list: "data.items".to_owned(), keys: keys() },
        JsonFileError::NoList { list: "value".to_owned(), keys: Vec::new() },
        JsonFileError::IsList { list: "value".to_owned() },
        JsonFileError::WrongValue {
            list: "data.items".to_owned(),
            path: "data".to_owned(),
            found: JsonValueKind::Null,
        },
        JsonFileError::WrongValue {
            list: "data".to_owned(),
            path: String::new(),
            found: JsonValueKind::Other,
        },
        JsonFileError::NotUtf8 { place: place.clone() },
        JsonFileError::InvalidRecord { place, problem },
    ];
    for cause in &causes {
        match cause {
            JsonFileError::NotClosed
            | JsonFileError::Wrapped { .. }
            | JsonFileError::NoAttributes { .. }
            | JsonFileError::NoList { .. }
            | JsonFileError::IsList { .. }
            | JsonFileError::WrongValue { .. }
            | JsonFileError::NotUtf8 { .. }
            | JsonFileError::InvalidRecord { .. } => (),
        }
    }
    causes
}
