//! Renders the explanation of one course.

use super::section_writer::{SectionWriter, quote_names};
use crate::explain::explanation::{ExplainedCourse, GrantingAssignment, LostGrant};
use rollcall_model::definition_source::DefinitionSource;
use rollcall_model::enrollment_state::JobState;
use rollcall_model::format::count;

/// The maximum number of other groups shown; the rest is counted.
const MAX_OTHER_GROUPS: usize = 10;

/// Renders the access to a course with its reasons.
pub(super) fn render_course(lines: &mut SectionWriter, course: &ExplainedCourse) {
    let has = match (course.access, lines.select_by_tense("now", "then")) {
        (true, "now") => "has access to",
        (false, "now") => "has no access to",
        (true, _) => "had access to",
        (false, _) => "had no access to",
    };
    let due = course.due.map_or_else(String::new, |due| format!(", due {due}"));
    let (who, day) = (lines.email.clone(), lines.format_day_suffix());
    lines.start_section(format!("`{who}` {has} `{}`{day}{due}", course.course));
    for (at, one) in course.through.iter().enumerate() {
        let decides = course.through.len() > 1 && course.due_from == Some(at);
        lines.push_line(format_assignment(one, decides));
        let by = if one.source == DefinitionSource::File { "by the file" } else { "by hand" };
        let text = format!("  assigned {by} on {}: {}", one.assigned_on, lines.format_run(one.run.as_ref()));
        lines.push_line(text);
    }
    if let Some(done) = course.completed_at {
        let text = format!("completed on {}: the due date stays", lines.format_day(done));
        lines.push_line(text);
    } else if course.due.is_some() && course.due_from.is_none() {
        lines.push_line("the due date is that of an earlier settling");
    }
    if let Some(since) = course.revoked_at {
        let text = format!("had access until {}", lines.format_local_time(since));
        lines.push_line(text);
    } else if !course.access && course.enrolled_at.is_none() && course.through.is_empty() {
        lines.push_line(lines.select_by_tense("was never enrolled", "had never been enrolled"));
    }
    for one in &course.lost {
        let text = format_lost_grant(lines, one);
        lines.push_line(text);
    }
    if let Some(job) = &course.job {
        let error = job.error.as_ref().map_or_else(String::new, |error| format!(": {error}"));
        let what = if job.state == JobState::Failed { "has failed for good" } else { "waits for a worker" };
        lines.push_line(format!("job {} ({}) {what}{error}", job.id, job.kind));
    }
    if !course.other_groups.is_empty() {
        let shown = &course.other_groups[..course.other_groups.len().min(MAX_OTHER_GROUPS)];
        let more = match course.other_groups.len() - shown.len() {
            0 => String::new(),
            more => format!(" and {}", count(more as u64, "more group", "more groups")),
        };
        let too = if course.access { " too" } else { "" };
        let would = lines.select_by_tense("would give it", "would have given it");
        lines.push_line(format!("being in these groups {would}{too}: {}{more}", quote_names(shown)));
    }
}

fn format_assignment(one: &GrantingAssignment, decides: bool) -> String {
    let days = one.due_days.map_or_else(String::new, |days| count(u64::from(days), "day", "days"));
    let to = one
        .group
        .as_ref()
        .map_or_else(|| "assigned to the learner alone".to_owned(), |group| format!("through `{group}`"));
    let joined = one.joined_on.map_or_else(String::new, |day| format!(", joined {day}"));
    let from = one.counts_from;
    let due = match (one.due_kind, one.due) {
        ("fixed", Some(due)) if one.due_on != Some(due) && one.kept.is_none() => {
            let fixed = one.due_on.map_or_else(String::new, |day| day.to_string());
            let late = count(u64::from(one.late_days), "day", "days");
            format!("due {due}: {fixed} would leave less than {late} from {from}")
        }
        ("fixed", Some(due)) => format!("due {due}"),
        ("after_joining", Some(due)) => format!("due {due}: {days} from {from}"),
        ("after_start", Some(due)) => match one.start_date {
            Some(start) => format!("due {due}: {days} from the later of {from} and start_date {start}"),
            None => format!("due {due}: {days} from {from}, without a start_date"),
        },
        (_, Some(due)) => format!("due {due}"),
        (_, None) => "no due date".to_owned(),
    };
    let kept = one.kept.map_or_else(String::new, |kept| {
        format!("; the date of before {} stands: {}", kept.lost_on, kept.due)
    });
    let earliest = if decides { " (the earliest)" } else { "" };
    format!("{to}{joined}, {due}{kept}{earliest}")
}

fn format_lost_grant(lines: &SectionWriter, lost: &LostGrant) -> String {
    match lost {
        LostGrant::Membership { group, run } => {
            format!("no longer in `{group}` since {}", lines.format_run(run.as_ref()))
        }
        LostGrant::Assignment { group: Some(group), run } => {
            format!("no longer assigned to `{group}` since {}", lines.format_run(run.as_ref()))
        }
        LostGrant::Assignment { group: None, run } => {
            format!("no longer assigned to the learner since {}", lines.format_run(run.as_ref()))
        }
    }
}
