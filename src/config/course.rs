//! Courses (`[[course]]`) and assignments (`[[assignment]]`).

use crate::diagnostic_collector::SpannedValue;
use crate::glob_overlap::{self, NamePattern};
use crate::section::ConfigSection;
use crate::section_checks::reject_duplicate;
use rollcall_model::catalogue::{FileAssignment, FileCourse};
use rollcall_model::due_policy::{DEFAULT_LATE_DAYS, DuePolicy};
use rollcall_model::names::{GroupName, fold};
use rollcall_rules::rule::Rule;

pub(super) fn courses(sections: &[ConfigSection<'_>]) -> Vec<FileCourse> {
    let mut codes: Vec<SpannedValue<&str>> = Vec::new();
    let mut courses = Vec::new();
    for section in sections {
        let Some(code) = section.text("code") else { continue };
        reject_duplicate(section, &code, &codes, "course");
        if let Some(title) = section.text("title") {
            courses.push(FileCourse {
                code: code.value.trim().to_owned(),
                title: title.value.trim().to_owned(),
            });
        }
        codes.push(code);
    }
    courses
}

pub(super) fn assignments(sections: &[ConfigSection<'_>]) -> Vec<FileAssignment> {
    let mut earlier: Vec<(String, SpannedValue<&str>)> = Vec::new();
    let mut assignments = Vec::new();
    for section in sections {
        let due = due(section);
        let late_days = section.number("late_days").map_or(DEFAULT_LATE_DAYS, |days| days.value);
        let groups = section.texts("groups");
        if let (Some([]), Some(place)) = (groups.as_deref(), section.place("groups")) {
            let finding = place.finding("the assignment does not name a group");
            section.report.report_error(
                finding.hint("for example groups = [\"Department: Sales\", \"Site: *\"]".to_owned()),
            );
        }
        for group in groups.iter().flatten() {
            if let (false, Err(wrong)) = (glob_overlap::is_glob(group.value), GroupName::parse(group.value)) {
                section.report.report_error(group.finding(wrong.to_string()));
            }
        }
        let (Some(course), Some(groups)) = (section.text("course"), groups) else { continue };
        for group in &groups {
            reject_duplicate_assignment(section, &course, group, &mut earlier);
        }
        let groups = groups.iter().map(|group| group.value.trim().to_owned()).collect();
        assignments.push(FileAssignment { course: course.value.trim().to_owned(), groups, due, late_days });
    }
    assignments
}

fn reject_duplicate_assignment<'d>(
    section: &ConfigSection<'d>,
    course: &SpannedValue<&'d str>,
    group: &SpannedValue<&'d str>,
    earlier: &mut Vec<(String, SpannedValue<&'d str>)>,
) {
    let code = fold(course.value);
    let name = fold(group.value);
    if let Some((_, first)) =
        earlier.iter().find(|(other, first)| *other == code && fold(first.value) == name)
    {
        let line = section.report.document.line_of(first.span.start) + 1;
        let finding = group.finding(format!("`{}` is assigned to `{}` twice", course.value, group.value));
        section.report.report_error(finding.hint(format!("the first assignment is in line {line}")));
    }
    earlier.push((code, group.clone()));
}

fn due(section: &ConfigSection<'_>) -> DuePolicy {
    let names = ["due", "due_days", "due_days_after_start"];
    let mut given: Vec<(SpannedValue<()>, &str)> =
        names.into_iter().filter_map(|name| Some((section.place(name)?, name))).collect();
    given.sort_by_key(|(place, _)| place.span.start);
    for (place, name) in given.iter().skip(1) {
        let finding = place.finding(format!("`{name}` contradicts `{}`", given[0].1));
        section
            .report
            .report_error(finding.hint("an assignment has one due date; keep one of the keys".to_owned()));
    }
    let on = section.day("due").map(|day| DuePolicy::On(day.value));
    let joining = || section.number("due_days").map(|days| DuePolicy::AfterJoining(days.value));
    let start = || section.number("due_days_after_start").map(|days| DuePolicy::AfterStart(days.value));
    on.or_else(joining).or_else(start).unwrap_or(DuePolicy::Never)
}

/// Warns about assignments to groups or courses that the file does not define.
pub(super) fn warn_unmatched_assignments(
    sections: &[ConfigSection<'_>],
    courses: &[FileCourse],
    rules: &[Rule],
) {
    let templates: Vec<NamePattern> =
        rules.iter().map(|rule| NamePattern::of_template(rule.group.text())).collect();
    for section in sections {
        if let Some(course) = section.text("course")
            && !courses.iter().any(|known| fold(&known.code) == fold(course.value))
        {
            let finding = course.finding(format!("the file does not define the course `{}`", course.value));
            let near = crate::value_type::suggest_name(
                course.value,
                courses.iter().map(|known| known.code.as_str()),
            );
            let hint = near.unwrap_or_else(|| {
                "the assignment takes effect when the course is added to the catalogue".to_owned()
            });
            section.report.report_warning(finding.hint(hint));
        }
        for group in section.texts("groups").unwrap_or_default() {
            let wanted = NamePattern::of_glob(group.value);
            if !templates.iter().any(|template| template.overlaps(&wanted)) {
                let finding = group.finding(format!("no rule creates the group `{}`", group.value));
                section.report.report_warning(
                    finding.hint("the assignment takes effect when the group is created manually".to_owned()),
                );
            }
        }
    }
}
