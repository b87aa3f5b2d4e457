//! What an explanation says of one course.

use super::lines::{Lines, names};
use crate::explain::answer::{Course, Lost, Through};
use crate::model::words::count;

/// Other groups that a terminal shows; the rest is counted.
const SHOWN: usize = 10;

/// Prints whether and why the learner may open a course.
pub(super) fn print(lines: &mut Lines, course: &Course) {
    let has = match (course.access, lines.tense("now", "then")) {
        (true, "now") => "has access to",
        (false, "now") => "has no access to",
        (true, _) => "had access to",
        (false, _) => "had no access to",
    };
    let due = course.due.map_or_else(String::new, |due| format!(", due {due}"));
    let (who, day) = (lines.who.clone(), lines.on_the_day());
    lines.title(format!("`{who}` {has} `{}`{day}{due}", course.course));
    for (at, one) in course.through.iter().enumerate() {
        let decides = course.through.len() > 1 && course.due_from == Some(at);
        lines.line(through(one, decides));
        let by = if one.source == "file" { "by the file" } else { "by hand" };
        let text = format!("  assigned {by} on {}: {}", one.assigned_on, lines.run(one.run.as_ref()));
        lines.line(text);
    }
    if let Some(done) = course.completed_at {
        let text = format!("completed on {}: the due date stays", lines.day(done));
        lines.line(text);
    } else if course.due.is_some() && course.due_from.is_none() {
        lines.line("the due date is that of an earlier settling");
    }
    if let Some(since) = course.revoked_at {
        let text = format!("had access until {}", lines.local(since));
        lines.line(text);
    } else if !course.access && course.enrolled_at.is_none() && course.through.is_empty() {
        lines.line(lines.tense("was never enrolled", "had never been enrolled"));
    }
    for one in &course.lost {
        let text = lost(lines, one);
        lines.line(text);
    }
    if let Some(job) = &course.job {
        let error = job.error.as_ref().map_or_else(String::new, |error| format!(": {error}"));
        let what = if job.state == "failed" { "has failed for good" } else { "waits for a worker" };
        lines.line(format!("job {} ({}) {what}{error}", job.id, job.kind));
    }
    if !course.other_groups.is_empty() {
        let shown = &course.other_groups[..course.other_groups.len().min(SHOWN)];
        let more = match course.other_groups.len() - shown.len() {
            0 => String::new(),
            more => format!(" and {}", count(more as u64, "more group", "more groups")),
        };
        let too = if course.access { " too" } else { "" };
        let would = lines.tense("would give it", "would have given it");
        lines.line(format!("being in these groups {would}{too}: {}{more}", names(shown)));
    }
}

fn through(one: &Through, decides: bool) -> String {
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

fn lost(lines: &Lines, lost: &Lost) -> String {
    match lost {
        Lost::Membership { group, run } => {
            format!("no longer in `{group}` since {}", lines.run(run.as_ref()))
        }
        Lost::Assignment { group: Some(group), run } => {
            format!("no longer assigned to `{group}` since {}", lines.run(run.as_ref()))
        }
        Lost::Assignment { group: None, run } => {
            format!("no longer assigned to the learner since {}", lines.run(run.as_ref()))
        }
    }
}
