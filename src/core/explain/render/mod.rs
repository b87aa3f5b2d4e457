//! Renders an explanation as text, for terminals and pages.

mod courses;
mod groups;
mod learner;
mod section_writer;

use chrono_tz::Tz;

use crate::explain::Explanation;
use section_writer::SectionWriter;

pub use section_writer::ExplanationSection;

/// A rendered explanation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenderedExplanation {
    /// The learner; with all attributes if `whole`.
    pub learner: Vec<ExplanationSection>,
    /// Each group, in the order of the explanation.
    pub groups: Vec<Vec<ExplanationSection>>,
    /// Each course, in the order of the explanation.
    pub courses: Vec<Vec<ExplanationSection>>,
}

/// Renders an explanation; times are in `zone`.
#[must_use]
pub fn render_explanation(explained: &Explanation, zone: Tz, whole: bool) -> RenderedExplanation {
    let mut lines = SectionWriter::new(zone, explained);
    learner::render_learner(&mut lines, &explained.learner, whole);
    let learner = lines.take_sections();
    let mut each = |print: &mut dyn FnMut(&mut SectionWriter)| {
        print(&mut lines);
        lines.take_sections()
    };
    let groups =
        explained.groups.iter().map(|group| each(&mut |lines| groups::render_group(lines, group))).collect();
    let courses = explained
        .courses
        .iter()
        .map(|course| each(&mut |lines| courses::render_course(lines, course)))
        .collect();
    RenderedExplanation { learner, groups, courses }
}

impl RenderedExplanation {
    /// All sections, for a terminal.
    #[must_use]
    pub fn to_text(&self) -> String {
        let all =
            self.learner.iter().chain(self.groups.iter().flatten()).chain(self.courses.iter().flatten());
        let section = |section: &ExplanationSection| {
            let below =
                section.lines.iter().map(|line| format!("\n  {line}").trim_end_matches(' ').to_owned());
            format!("{}{}", section.title, below.collect::<String>())
        };
        all.map(section).collect::<Vec<_>>().join("\n\n")
    }
}
