//! Ranged retrieval of attribute values.
//!
//! Active Directory returns at most 1,500 values of an attribute (`MaxValRange`). If there are more, it returns
//! the attribute empty or not at all, together with `member;range=0-1499`. The remaining values must be requested
//! as `member;range=1500-*` until a range ends in `*` (MS-ADTS 3.1.1.3.1.3.3). Treating the first range as
//! complete, or the empty attribute as empty, would lose people without an error.

/// The range of values in a part: the position of the first value and, unless the range is the last, of the last
/// value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ValueRange {
    pub first: u64,
    pub last: Option<u64>,
}

/// A received part of the values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ValuePart {
    /// The attribute in lower case, without the range.
    pub(super) attribute: String,
    pub(super) range: ValueRange,
    /// Number of values in the part.
    pub(super) count: u64,
}

impl ValueRange {
    /// Splits an attribute name in lower case into name and range.
    pub(super) fn split(name: &str) -> (String, Option<Self>) {
        let Some((before, option)) = name.rsplit_once(';') else { return (name.to_owned(), None) };
        let range = option.strip_prefix("range=").and_then(|range| {
            let (first, last) = range.split_once('-')?;
            let last = if last == "*" { None } else { Some(last.parse().ok()?) };
            Some(Self { first: first.parse().ok()?, last })
        });
        match range {
            Some(range) => (before.to_owned(), Some(range)),
            None => (name.to_owned(), None),
        }
    }
}

/// The step after a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RangeStep {
    /// Request the values from this position on.
    Ask(u64),
    /// The part was the last.
    End,
}

impl ValuePart {
    /// The next step, if this part is the one requested from `first` on and is complete; `None` otherwise.
    pub(super) fn next_step(&self, first: u64) -> Option<RangeStep> {
        match self.range {
            ValueRange { first: begins, .. } if begins != first => None,
            ValueRange { last: None, .. } => Some(RangeStep::End),
            ValueRange { last: Some(last), .. } => {
                let whole = last >= first && last - first == self.count.checked_sub(1)?;
                whole.then_some(RangeStep::Ask(last + 1))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_an_option_at_the_end_of_a_name() {
        let split = |name| {
            let (name, range) = ValueRange::split(name);
            (name, range.map(|range| (range.first, range.last)))
        };
        assert_eq!(split("member;range=0-1499"), ("member".to_owned(), Some((0, Some(1499)))));
        assert_eq!(split("member;range=1500-*"), ("member".to_owned(), Some((1500, None))));
        assert_eq!(split("member;binary;range=0-*"), ("member;binary".to_owned(), Some((0, None))));
        for other in ["member", "title;lang-de", "member;range=", "member;range=*-1", "member;range=1"] {
            assert_eq!(split(other), (other.to_owned(), None));
        }
    }

    #[test]
    fn a_part_leads_to_the_next_only_when_it_is_the_one_that_was_asked_for_and_whole() {
        let next = |first, last, count, range_name| {
            ValuePart { attribute: String::new(), range: ValueRange { first, last }, count }
                .next_step(range_name)
        };
        assert_eq!(next(0, Some(1499), 1500, 0), Some(RangeStep::Ask(1500)));
        assert_eq!(next(1500, None, 1, 1500), Some(RangeStep::End));
        assert_eq!(next(0, Some(1499), 1500, 1500), None, "the same part again");
        assert_eq!(next(1500, Some(2999), 1499, 1500), None, "a value is missing");
        assert_eq!(next(1500, Some(1499), 0, 1500), None, "nothing came, and more is promised");
        assert_eq!(next(1500, Some(10), 0, 1500), None);
    }
}
