//! A directory that was read to its proven end.

use crate::proof::CompletenessProof;
use rollcall_model::people::PeopleTable;
use rollcall_model::run_warning::RunWarning;
use rollcall_model::source_file::SourceFile;

/// All people of a source. A person who is not in it is absent.
///
/// A reading cannot be created without the source's proof of completeness:
///
/// ```compile_fail,E0451
/// fn half(people: rollcall_model::people::PeopleTable) -> rollcall_connectors::DirectoryReading {
///     rollcall_connectors::DirectoryReading { people, problems: Vec::new(), file: None }
/// }
/// ```
#[derive(Debug)]
pub struct DirectoryReading {
    people: PeopleTable,
    problems: Vec<RunWarning>,
    file: Option<SourceFile>,
}

impl DirectoryReading {
    /// Creates a reading; consumes the proof that these people are all there are.
    pub(super) fn complete(people: PeopleTable, problems: Vec<RunWarning>, proof: CompletenessProof) -> Self {
        proof.consume();
        Self { people, problems, file: None }
    }

    /// Names the file that was read.
    pub(super) fn with_file(self, file: SourceFile) -> Self {
        Self { file: Some(file), ..self }
    }

    /// Adds warnings.
    pub(super) fn add_problems(&mut self, problems: impl IntoIterator<Item = RunWarning>) {
        self.problems.extend(problems);
    }

    /// The file that was read, if the source is a file.
    #[must_use]
    pub fn file(&self) -> Option<&SourceFile> {
        self.file.as_ref()
    }

    /// The people of the directory.
    #[must_use]
    pub fn people(&self) -> &PeopleTable {
        &self.people
    }

    /// The warnings about the values of the people.
    #[must_use]
    pub fn problems(&self) -> &[RunWarning] {
        &self.problems
    }

    /// The people and the warnings about their values. Records that were set aside are in
    /// [`PeopleTable::set_aside_problems`].
    #[must_use]
    pub fn into_parts(self) -> (PeopleTable, Vec<RunWarning>) {
        (self.people, self.problems)
    }
}
