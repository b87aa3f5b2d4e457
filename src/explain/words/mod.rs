//! An explanation in words, for terminals and pages alike.

mod courses;
mod groups;
mod learner;
mod lines;

use chrono_tz::Tz;

use crate::explain::Explanation;
use lines::Lines;

pub use lines::Section;

/// An explanation in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// Who the learner is; with all attributes where `whole`.
    pub learner: Vec<Section>,
    /// Each group, in the order of the explanation.
    pub groups: Vec<Vec<Section>>,
    /// Each course, in the order of the explanation.
    pub courses: Vec<Vec<Section>>,
}

/// Puts an explanation in words; times are those of `zone`.
#[must_use]
pub fn words(explained: &Explanation, zone: Tz, whole: bool) -> Words {
    let mut lines = Lines::new(zone, explained);
    learner::print(&mut lines, &explained.learner, whole);
    let learner = lines.take();
    let mut each = |print: &mut dyn FnMut(&mut Lines)| {
        print(&mut lines);
        lines.take()
    };
    let groups =
        explained.groups.iter().map(|group| each(&mut |lines| groups::print(lines, group))).collect();
    let courses =
        explained.courses.iter().map(|course| each(&mut |lines| courses::print(lines, course))).collect();
    Words { learner, groups, courses }
}

impl Words {
    /// All sections, for a terminal.
    #[must_use]
    pub fn text(&self) -> String {
        let all =
            self.learner.iter().chain(self.groups.iter().flatten()).chain(self.courses.iter().flatten());
        let section = |section: &Section| {
            let below =
                section.lines.iter().map(|line| format!("\n  {line}").trim_end_matches(' ').to_owned());
            format!("{}{}", section.title, below.collect::<String>())
        };
        all.map(section).collect::<Vec<_>>().join("\n\n")
    }
}
