//! String interner: every distinct text of a reading is stored once.
//!
//! A directory of a million people has a few thousand departments, places and roles. A [`Symbol`] is the number of
//! a text in [`Interner`]; equal texts have equal cells, so comparing, grouping and remembering work on numbers. Several
//! values of one attribute are one text too: the values in byte order, separated by [`SEPARATOR`].

use hashbrown::HashTable;
use xxhash_rust::xxh3::xxh3_64;

/// The separator of several values of one attribute. [`crate::names::clean`] removes it from values.
pub const SEPARATOR: char = '\u{1f}';

/// The number of a text. [`Symbol::EMPTY`] is the empty text, which also stands for "no value".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Symbol(u32);

impl Symbol {
    /// No value.
    pub const EMPTY: Symbol = Symbol(0);

    /// Returns true if there is no value.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self == Self::EMPTY
    }

    /// The number as an index.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Maps texts to symbols and symbols to texts. All texts are stored in one buffer.
#[derive(Debug, Clone)]
pub struct Interner {
    text: String,
    ends: Vec<usize>,
    table: HashTable<InternedText>,
}

/// A table entry. It contains half of the text's hash, so that growing the table and handling collisions do not access the
/// text, which would cause two cache misses.
#[derive(Debug, Clone, Copy)]
struct InternedText {
    hash: u32,
    index: u32,
}

impl Default for Interner {
    fn default() -> Self {
        let mut values = Self { text: String::new(), ends: Vec::new(), table: HashTable::new() };
        values.intern("");
        values
    }
}

fn hash(text: &str) -> u32 {
    // Truncated intentionally: half of the hash is sufficient to find the right entry first.
    (xxh3_64(text.as_bytes()) >> 32) as u32
}

/// The table uses the highest and the lowest bits.
fn spread(hash: u32) -> u64 {
    u64::from(hash) << 32 | u64::from(hash)
}

fn slice<'a>(text: &'a str, ends: &[usize], index: u32) -> &'a str {
    let index = index as usize;
    let start = if index == 0 { 0 } else { ends[index - 1] };
    &text[start..ends[index]]
}

impl Interner {
    /// Returns the symbol of a text and adds the text if it is unknown.
    ///
    /// # Panics
    /// If there are more than four billion distinct texts.
    pub fn intern(&mut self, text: &str) -> Symbol {
        let hash = hash(text);
        if let Some(known) = self.known(hash, text) {
            return known;
        }
        let index =
            u32::try_from(self.ends.len()).expect("fewer than four billion distinct texts fit in memory");
        self.text.push_str(text);
        self.ends.push(self.text.len());
        self.table.insert_unique(spread(hash), InternedText { hash, index }, |known| spread(known.hash));
        Symbol(index)
    }

    fn known(&self, hash: u32, text: &str) -> Option<Symbol> {
        let is_it =
            |known: &InternedText| known.hash == hash && slice(&self.text, &self.ends, known.index) == text;
        self.table.find(spread(hash), is_it).map(|known| Symbol(known.index))
    }

    /// Returns the symbol of several values: sorted by bytes, without duplicates and empty values.
    pub fn intern_all(&mut self, values: &mut Vec<String>) -> Symbol {
        values.retain(|value| !value.is_empty());
        match values.as_slice() {
            [] => Symbol::EMPTY,
            [one] => self.intern(one),
            [_, ..] => {
                values.sort_unstable();
                values.dedup();
                let joined = values.join(&SEPARATOR.to_string());
                self.intern(&joined)
            }
        }
    }

    /// Returns the symbol of a text if it is known.
    #[must_use]
    pub fn find(&self, text: &str) -> Option<Symbol> {
        self.known(hash(text), text)
    }

    /// The whole text of a cell; several values are separated by [`SEPARATOR`].
    #[must_use]
    pub fn text(&self, cell: Symbol) -> &str {
        slice(&self.text, &self.ends, cell.0)
    }

    /// The first value in byte order, or "".
    #[must_use]
    pub fn first(&self, cell: Symbol) -> &str {
        let text = self.text(cell);
        text.split(SEPARATOR).next().unwrap_or(text)
    }

    /// All values in byte order; none for an empty cell.
    pub fn all(&self, cell: Symbol) -> impl Iterator<Item = &str> {
        let text = self.text(cell);
        text.split(SEPARATOR).filter(|value| !value.is_empty())
    }

    /// All texts except the empty one, in the order in which they were added.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        (1..self.ends.len()).map(|index| &self.text[self.ends[index - 1]..self.ends[index]])
    }

    /// The number of distinct texts.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Returns true if there is only the empty text.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.len() <= 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_have_equal_cells() {
        let mut values = Interner::default();
        let sales = values.intern("Sales");
        assert_eq!(values.intern("Sales"), sales);
        assert_ne!(values.intern("sales"), sales);
        assert_eq!(values.text(sales), "Sales");
        assert_eq!(values.find("Sales"), Some(sales));
        assert_eq!(values.find("HR"), None);
        assert_eq!(values.intern(""), Symbol::EMPTY);
    }

    #[test]
    fn several_values_are_sorted_and_counted_once() {
        let mut values = Interner::default();
        let both = values.intern_all(&mut vec!["b".into(), "a".into(), String::new(), "b".into()]);
        assert_eq!(values.first(both), "a");
        assert_eq!(values.all(both).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(values.intern_all(&mut vec!["a".into(), "b".into()]), both);
        assert_eq!(values.all(Symbol::EMPTY).count(), 0);
    }
}
