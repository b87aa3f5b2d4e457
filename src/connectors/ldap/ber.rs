//! A minimal decoder of the Basic Encoding Rules (X.690, as restricted by RFC 4511 5.1): finds messages in a byte
//! stream and values in a message without copying them.

use std::ops::Range;

/// `SEQUENCE`.
pub(super) const SEQUENCE: u8 = 0x30;

/// `SET`.
pub(super) const SET: u8 = 0x31;

/// `OCTET STRING`.
pub(super) const OCTETS: u8 = 0x04;

/// `INTEGER`.
pub(super) const INTEGER: u8 = 0x02;

/// Header of an element: tag, length of the contents, and size of the header itself.
struct ElementHeader {
    tag: u8,
    contents: usize,
    size: usize,
}

/// Result of parsing the first bytes of an element.
enum HeaderState {
    Known(ElementHeader),
    TooFewBytes,
    Invalid,
}

fn parse_header(bytes: &[u8]) -> HeaderState {
    let [tag, first, rest @ ..] = bytes else { return HeaderState::TooFewBytes };
    // LDAP uses neither multi-byte tags nor the indefinite length form.
    if tag & 0x1f == 0x1f || *first == 0x80 {
        return HeaderState::Invalid;
    }
    if *first < 0x80 {
        return HeaderState::Known(ElementHeader { tag: *tag, contents: usize::from(*first), size: 2 });
    }
    let digits = usize::from(first & 0x7f);
    if digits > size_of::<usize>() {
        return HeaderState::Invalid;
    }
    let Some(digits) = rest.get(..digits) else { return HeaderState::TooFewBytes };
    let contents = digits.iter().fold(0, |length, &digit| length << 8 | usize::from(digit));
    HeaderState::Known(ElementHeader { tag: *tag, contents, size: 2 + digits.len() })
}

/// State of the message at the start of a buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MessageState {
    /// The message is complete and has this many bytes.
    Complete(usize),
    /// More bytes are required.
    Incomplete,
    /// Longer than the limit.
    TooLarge,
    /// Not a valid message.
    Invalid,
}

/// A message that announces more bytes than this is none: the server is not a directory.
const MAX_PLAUSIBLE_BYTES: usize = 1 << 30;

/// Determines whether a buffer starts with a complete message of at most `longest` bytes of contents.
pub(super) fn measure_message(bytes: &[u8], longest: usize) -> MessageState {
    if bytes.first().is_some_and(|&tag| tag != SEQUENCE) {
        return MessageState::Invalid;
    }
    match parse_header(bytes) {
        HeaderState::TooFewBytes => MessageState::Incomplete,
        HeaderState::Invalid => MessageState::Invalid,
        HeaderState::Known(header) if header.contents > MAX_PLAUSIBLE_BYTES => MessageState::Invalid,
        HeaderState::Known(header) if header.contents > longest => MessageState::TooLarge,
        HeaderState::Known(header) if bytes.len() < header.size + header.contents => MessageState::Incomplete,
        HeaderState::Known(header) => MessageState::Complete(header.size + header.contents),
    }
}

/// The bit of a tag for an element that consists of elements.
const CONSTRUCTED: u8 = 0x20;

/// How deep the elements of a message are inside each other, and how many there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NestingState {
    /// At most as deep, and as many, as allowed.
    Within,
    /// Deeper than allowed.
    TooDeep,
    /// More elements than allowed.
    TooMany,
    /// An element is not valid or exceeds the one that contains it.
    Invalid,
}

/// Walks through the elements of a complete message, without recursion, and compares their depth and number with limits.
/// The message itself is the first level and the first element.
pub(super) fn measure_nesting(message: &[u8], deepest: usize, most: usize) -> NestingState {
    let mut ends: Vec<usize> = Vec::with_capacity(deepest);
    let (mut at, mut elements) = (0, 0);
    loop {
        while ends.last() == Some(&at) {
            ends.pop();
        }
        if at == message.len() {
            return NestingState::Within;
        }
        let end = ends.last().copied().unwrap_or(message.len());
        let HeaderState::Known(header) = parse_header(&message[at..end]) else {
            return NestingState::Invalid;
        };
        elements += 1;
        if elements > most {
            return NestingState::TooMany;
        }
        let contents = at + header.size;
        if header.contents > end - contents {
            return NestingState::Invalid;
        }
        at = contents + header.contents;
        if header.tag & CONSTRUCTED != 0 {
            if ends.len() == deepest {
                return NestingState::TooDeep;
            }
            ends.push(at);
            at = contents;
        }
    }
}

/// The parts of a message before its controls (RFC 4511 4.1.1).
#[derive(Debug, PartialEq, Eq)]
pub(super) struct LdapMessage {
    /// The id of the request that the message answers.
    pub number: i32,
    /// The tag of the operation.
    pub operation: u8,
    /// The position of the contents of the operation in the message.
    pub contents: Range<usize>,
}

/// Parses a complete message.
pub(super) fn parse_message(bytes: &[u8]) -> Option<LdapMessage> {
    let mut parts = take_element(&mut &*bytes, SEQUENCE)?;
    let number = take_element(&mut parts, INTEGER)?;
    if number.len() > size_of::<i32>() {
        return None;
    }
    let number = number.iter().fold(0, |number, &digit| number << 8 | i32::from(digit));
    let (operation, contents) = take_any_element(&mut parts)?;
    let end = bytes.len() - parts.len();
    Some(LdapMessage { number, operation, contents: end - contents.len()..end })
}

/// Takes the contents of the next element, which must have the given tag.
pub(super) fn take_element<'a>(bytes: &mut &'a [u8], tag: u8) -> Option<&'a [u8]> {
    let (found, contents) = take_any_element(bytes)?;
    (found == tag).then_some(contents)
}

fn take_any_element<'a>(bytes: &mut &'a [u8]) -> Option<(u8, &'a [u8])> {
    let HeaderState::Known(header) = parse_header(bytes) else { return None };
    let (contents, rest) = bytes[header.size..].split_at_checked(header.contents)?;
    *bytes = rest;
    Some((header.tag, contents))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_as_long_as_it_says_and_waited_for_until_it_is_whole() {
        let mut message = vec![SEQUENCE, 0x82, 0x01, 0x00];
        message.extend([0; 256]);
        for length in 0..message.len() {
            assert_eq!(measure_message(&message[..length], 1000), MessageState::Incomplete, "{length} bytes");
        }
        assert_eq!(measure_message(&message, 1000), MessageState::Complete(260));
        assert_eq!(measure_message(&message, 255), MessageState::TooLarge);
    }

    #[test]
    fn what_cannot_be_a_message_is_known_by_its_first_bytes() {
        for nonsense in [&b"H"[..], &[0x31], &[SEQUENCE, 0x80], &[SEQUENCE, 0x89], &[SEQUENCE, 0xff]] {
            assert_eq!(measure_message(nonsense, 1000), MessageState::Invalid, "{nonsense:x?}");
        }
        assert_eq!(
            measure_message(&[SEQUENCE, 0x88, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], 1000),
            MessageState::Invalid
        );
    }

    #[test]
    fn a_message_has_a_number_an_operation_and_may_have_controls() {
        let bytes = [SEQUENCE, 11, INTEGER, 2, 0x01, 0x02, 0x64, 2, OCTETS, 0, 0xa0, 1, 0];
        assert_eq!(
            parse_message(&bytes),
            Some(LdapMessage { number: 0x0102, operation: 0x64, contents: 8..10 })
        );
        assert_eq!(parse_message(&[SEQUENCE, 3, INTEGER, 1, 7]), None);
        assert_eq!(parse_message(&[SEQUENCE, 5, INTEGER, 1, 7, 0x64, 9]), None);
        assert_eq!(parse_message(&[SEQUENCE, 9, INTEGER, 5, 0, 0, 0, 0, 7, 0x64, 0]), None);
    }

    /// Elements inside each other, around a number.
    fn nested(levels: usize) -> Vec<u8> {
        let headers = (0..levels).rev().flat_map(|inside| {
            let [a, b, c, d] = u32::try_from(3 + 6 * inside).expect("short").to_be_bytes();
            [SEQUENCE, 0x84, a, b, c, d]
        });
        headers.chain([INTEGER, 1, 7]).collect()
    }

    /// The depth is measured without recursion: 100,000 levels overflow no stack.
    #[test]
    fn nesting_beyond_the_limit_is_found_at_any_depth() {
        assert_eq!(measure_nesting(&nested(16), 16, 1_000_000), NestingState::Within);
        for levels in [17, 18, 4_000, 100_000] {
            assert_eq!(measure_nesting(&nested(levels), 16, 1_000_000), NestingState::TooDeep, "{levels}");
        }
        let flat = [nested(3), nested(16), nested(2)].concat();
        assert_eq!(measure_nesting(&flat, 16, 1_000_000), NestingState::Within);
        assert_eq!(measure_nesting(&[flat, nested(17)].concat(), 16, 1_000_000), NestingState::TooDeep);
    }

    /// Elements are counted at every level.
    #[test]
    fn elements_beyond_the_limit_are_found() {
        let message = [nested(3), nested(2)].concat();
        assert_eq!(measure_nesting(&message, 16, 7), NestingState::Within);
        assert_eq!(measure_nesting(&message, 16, 6), NestingState::TooMany);
    }

    #[test]
    fn nesting_of_an_element_that_exceeds_its_container_is_invalid() {
        assert_eq!(measure_nesting(&[SEQUENCE, 3, INTEGER, 2, 7], 16, 1_000_000), NestingState::Invalid);
        assert_eq!(measure_nesting(&[SEQUENCE, 1, INTEGER, 0], 16, 1_000_000), NestingState::Invalid);
        assert_eq!(measure_nesting(&[SEQUENCE, 2, SEQUENCE, 0x80], 16, 1_000_000), NestingState::Invalid);
        assert_eq!(
            measure_nesting(&[SEQUENCE, 4, SEQUENCE, 0, INTEGER, 0], 16, 1_000_000),
            NestingState::Within
        );
        assert_eq!(measure_nesting(&[], 16, 1_000_000), NestingState::Within);
    }

    #[test]
    fn an_element_is_taken_only_when_it_is_whole_and_of_the_right_kind() {
        let mut bytes = &[OCTETS, 1, b'a', SET, 0, OCTETS, 2, b'b'][..];
        assert_eq!(take_element(&mut bytes, OCTETS), Some(&b"a"[..]));
        assert_eq!(take_element(&mut bytes, SET), Some(&b""[..]));
        assert_eq!(take_element(&mut bytes, OCTETS), None);
        assert_eq!(take_element(&mut &[OCTETS, 0][..], SET), None);
    }
}
