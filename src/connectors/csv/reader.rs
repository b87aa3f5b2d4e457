//! Reads the file once, on a blocking thread.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::sync::Arc;
use std::time::SystemTime;

use ::csv::{ByteRecord, StringRecord};

use crate::csv::CsvSettings;
use crate::csv::field::field_text;
use crate::csv::table::{self, CsvTable};
use crate::file::{self, FileIdentity, FileResult, FileSettings, HashingReader, TextReader};
use crate::mapper::{PeopleSample, RecordMapper, RecordValues};
use crate::proof::FileEnd;
use crate::{AttributeMapping, Connector, ConnectorCause, ConnectorError, DirectoryReading, ReadContext};
use rollcall_model::attributes::AttributeSet;
use rollcall_model::names::ConnectorName;
use rollcall_model::run_warning::{RunWarning, RunWarningKind};

/// Progress and cancellation are handled every this many rows.
const STEP: u64 = 256;

/// Size of the read buffers, in bytes.
pub(super) const BUFFER: usize = 1 << 18;

/// Everything that the thread needs to read the file.
#[derive(Debug)]
pub(super) struct CsvReadTask {
    name: ConnectorName,
    mapping: AttributeMapping,
    settings: CsvSettings,
    attributes: AttributeSet,
    context: ReadContext,
}

impl CsvReadTask {
    /// Copies what the thread needs.
    pub(super) fn new(
        connector: &Connector,
        settings: &CsvSettings,
        attributes: &AttributeSet,
        context: &ReadContext,
    ) -> Arc<Self> {
        Arc::new(Self {
            name: connector.name.clone(),
            mapping: connector.mapping.clone(),
            settings: settings.clone(),
            attributes: attributes.clone(),
            context: context.clone(),
        })
    }

    /// Runs work on a blocking thread.
    pub(super) async fn run_blocking<T, W>(self: Arc<Self>, work: W) -> Result<T, ConnectorError>
    where
        T: Send + 'static,
        W: FnOnce(&Self) -> Result<T, ConnectorError> + Send + 'static,
    {
        let name = self.name.clone();
        file::run_blocking(&name, move || work(&self)).await
    }

    /// The same work on one file, with the settings of this file.
    fn on_file(&self, file: &FileSettings) -> Self {
        Self {
            name: self.name.clone(),
            mapping: self.mapping.clone(),
            settings: CsvSettings { file: file.clone(), ..self.settings.clone() },
            attributes: self.attributes.clone(),
            context: self.context.clone(),
        }
    }

    fn with_newest<T>(
        &self,
        mut work: impl FnMut(&Self) -> Result<T, ConnectorError>,
    ) -> Result<FileResult<T>, ConnectorError> {
        file::with_newest(&self.name, &self.settings.file, &self.context, |file| work(&self.on_file(file)))
    }

    /// The size of the file in bytes, if it can be read now.
    pub(super) fn size(&self) -> Result<FileResult<u64>, ConnectorError> {
        self.with_newest(|file| file.open().map(|(_, stamp)| stamp.size()))
    }

    /// A description of the header.
    pub(super) fn columns(&self) -> Result<String, ConnectorError> {
        self.with_newest(Self::columns_of_file).map(|result| result.value)
    }

    fn columns_of_file(&self) -> Result<String, ConnectorError> {
        let (file, _) = self.open()?;
        let mut witness = HashingReader::new(&file, false, &self.context);
        let text = TextReader::new(&mut witness, self.settings.file.encoding);
        let table = self.table(BufReader::new(text))?;
        let between = match table.delimiter {
            b'\t' => "tabs".to_owned(),
            delimiter => format!("`{}`", char::from(delimiter)),
        };
        Ok(format!("{} columns separated by {between}, {} mapped", table.width(), table.places.len()))
    }

    /// Reads the whole file.
    pub(super) fn read(&self) -> Result<DirectoryReading, ConnectorError> {
        file::read_newest(&self.name, &self.settings.file, &self.context, |file| {
            let task = self.on_file(file);
            file::read(&task.name, &task.settings.file, &task.context, |witness| task.map_file(witness))
        })
    }

    /// Reads the whole file for `check`.
    pub(super) fn read_sample(&self) -> Result<PeopleSample, ConnectorError> {
        let sample = self.with_newest(|task| {
            file::read_sample(&task.name, &task.settings.file, &task.context, |witness| {
                task.map_file(witness)
            })
        })?;
        Ok(sample.value)
    }

    fn map_file(
        &self,
        file: &mut HashingReader<'_, &File>,
    ) -> Result<(RecordMapper<'_>, FileEnd), ConnectorError> {
        let mut mapper = RecordMapper::new(&self.name, &self.mapping, &self.attributes);
        let text = TextReader::new(file, self.settings.file.encoding);
        self.rows_of(BufReader::with_capacity(BUFFER, text), &mut mapper)?;
        Ok((mapper, FileEnd::LineBreak))
    }

    /// Maps the rows of a file, after reading its header.
    pub(super) fn rows_of(
        &self,
        file: impl BufRead,
        mapper: &mut RecordMapper<'_>,
    ) -> Result<(), ConnectorError> {
        let mut table = self.table(file)?;
        let columns = self.mapping.columns.iter();
        let separators: Vec<Option<&str>> =
            columns.map(|&(attribute, _)| self.settings.separator_of(attribute, &self.mapping)).collect();
        let mut record = RecordValues::default();
        let mut row = ByteRecord::new();
        while let Some(line) = table.next_row(&mut row).map_err(|cause| self.file_error(cause))? {
            let fields = StringRecord::from_byte_record(row)
                .map_err(|error| self.file_error(table::not_utf8(line, &error.into_byte_record())))?;
            record.clear();
            for (column, (&place, separator)) in table.places.iter().zip(&separators).enumerate() {
                let field = field_text(fields.get(place).unwrap_or_default());
                match separator {
                    Some(separator) => field.split(separator).for_each(|value| record.add(column, value)),
                    None => record.add(column, &field),
                }
            }
            mapper.push_row(&record, || format!("line {line}"));
            mapper.check_limits(&self.context.limits, || self.settings.file.attempt())?;
            if mapper.records().is_multiple_of(STEP) {
                self.context.progress.set(mapper.records());
                if self.context.cancel.is_cancelled() {
                    return Err(ConnectorError::cancelled(&self.name));
                }
            }
            row = fields.into_byte_record();
        }
        if let Some((line, text)) = &table.total {
            let message = format!("`{text}` is a line of totals, not a record: passed over");
            mapper.report(RunWarning::new(RunWarningKind::TotalLine, format!("line {line}"), message));
        }
        Ok(())
    }

    fn open(&self) -> Result<(File, FileIdentity), ConnectorError> {
        file::open(&self.settings.file, SystemTime::now()).map_err(|cause| self.file_error(cause))
    }

    /// Reads the header.
    fn table<R: BufRead>(&self, file: R) -> Result<CsvTable<impl Read + use<R>>, ConnectorError> {
        CsvTable::open(file, &self.settings, &self.mapping, &self.attributes)
            .map_err(|cause| self.file_error(cause))
    }

    fn file_error(&self, cause: impl Into<ConnectorCause>) -> ConnectorError {
        self.settings.file.error(&self.name, cause)
    }
}
