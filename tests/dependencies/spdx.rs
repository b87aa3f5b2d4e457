//! Licence expressions of SPDX: identifiers with `AND`, `OR`, `WITH` and parentheses. An old form writes `/` for `OR`.

/// Whether an expression can be met by licences that are allowed.
pub(crate) fn is_met(expression: &str, is_allowed: &dyn Fn(&str) -> bool) -> Result<bool, String> {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let mut parser = ExpressionParser { words: spaced.split_whitespace().collect(), at: 0, is_allowed };
    let met = parser.read_alternatives()?;
    match parser.peek() {
        None => Ok(met),
        Some(word) => Err(format!("`{expression}`: `{word}` is not expected")),
    }
}

struct ExpressionParser<'a> {
    words: Vec<&'a str>,
    at: usize,
    is_allowed: &'a dyn Fn(&str) -> bool,
}

impl<'a> ExpressionParser<'a> {
    fn peek(&self) -> Option<&'a str> {
        self.words.get(self.at).copied()
    }

    fn take(&mut self, word: &str) -> bool {
        let found = self.peek() == Some(word);
        self.at += usize::from(found);
        found
    }

    fn read_alternatives(&mut self) -> Result<bool, String> {
        let mut met = self.read_conjunction()?;
        while self.take("OR") {
            met |= self.read_conjunction()?;
        }
        Ok(met)
    }

    fn read_conjunction(&mut self) -> Result<bool, String> {
        let mut met = self.read_licence()?;
        while self.take("AND") {
            met &= self.read_licence()?;
        }
        Ok(met)
    }

    fn read_licence(&mut self) -> Result<bool, String> {
        if self.take("(") {
            let met = self.read_alternatives()?;
            return if self.take(")") { Ok(met) } else { Err("a bracket is not closed".to_owned()) };
        }
        let name = self.peek().filter(|word| !["OR", "AND", "WITH", ")"].contains(word));
        let name = name.ok_or("a licence is missing")?;
        self.at += 1;
        if self.take("WITH") {
            let exception = self.peek().ok_or("an exception is missing")?;
            self.at += 1;
            return Ok((self.is_allowed)(&format!("{name} WITH {exception}")));
        }
        Ok((self.is_allowed)(name))
    }
}

#[test]
fn expressions_are_met_by_what_is_allowed() {
    let allowed = |name: &str| ["MIT", "ISC", "Apache-2.0 WITH LLVM-exception"].contains(&name);
    for (expression, met) in [
        ("MIT", Ok(true)),
        ("GPL-3.0", Ok(false)),
        ("GPL-3.0 OR MIT", Ok(true)),
        ("GPL-3.0 AND MIT", Ok(false)),
        ("GPL-3.0/MIT", Ok(true)),
        ("(GPL-3.0 OR ISC) AND MIT", Ok(true)),
        ("GPL-3.0 OR ISC AND GPL-2.0", Ok(false)),
        ("Apache-2.0", Ok(false)),
        ("Apache-2.0 WITH LLVM-exception", Ok(true)),
    ] {
        assert_eq!(is_met(expression, &allowed), met, "{expression}");
    }
    for wrong in ["", "MIT AND", "(MIT", "MIT MIT", "OR"] {
        assert!(is_met(wrong, &allowed).is_err(), "{wrong}");
    }
}
