//! Tests of the limits: each is exceeded by one, and expressions that would use up the stack, the memory or the time
//! of the process are refused. They run on a thread with the stack of the service's threads.

use super::*;
use crate::limits::{
    MAX_COMPREHENSION_DEPTH, MAX_DEPTH_ON_CALLERS_STACK, MAX_EXPRESSION_BYTES, MAX_EXPRESSION_DEPTH,
    MAX_EXPRESSION_NODES, MAX_GLOB_DEPTH,
};

const MAX_GLOB_BYTES: usize = ResourceLimit::GlobBytes.default_size();
const MAX_REGEX_BYTES: usize = ResourceLimit::RegexBytes.default_size();
const MAX_MATCHED_TEXT_BYTES: usize = ResourceLimit::MatchedTextBytes.default_size();
const MAX_REASON_CHARS: usize = ResourceLimit::ReasonCharacters.default_size();

/// The stack of a thread of the service.
const SERVICE_STACK_BYTES: usize = 2 * 1024 * 1024;

fn on_service_stack<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(SERVICE_STACK_BYTES).spawn_scoped(scope, work);
        thread.expect("a thread").join().expect("no panic")
    })
}

fn compile(text: &str) -> Result<CompiledExpression, String> {
    on_service_stack(|| {
        CompiledExpression::compile(text, &AttributeSet::default()).map_err(|mut all| all.remove(0).message)
    })
}

fn refused(text: &str) -> String {
    compile(text).err().unwrap_or_else(|| panic!("{text} is accepted"))
}

/// Evaluates an expression for a person with these departments.
fn evaluate(text: &str, departments: &[String], interrupt: Option<Interrupt>) -> EvaluationResult {
    let condition = compile(text).expect("an expression");
    on_service_stack(|| {
        let mut values = Interner::default();
        let cell = values.intern_all(&mut departments.to_vec());
        let evaluator = RuleEvaluator::with_interrupt(NaiveDate::default(), interrupt);
        let cell_of = |attribute| if attribute == Attribute::DEPARTMENT { cell } else { Symbol::EMPTY };
        evaluator.scope([&condition], &values, cell_of).outcome(&condition)
    })
}

fn failure(text: &str, departments: &[String]) -> String {
    match evaluate(text, departments, None) {
        EvaluationResult::Failed(why) => why,
        other => panic!("{text}: {other:?}"),
    }
}

fn numbered(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("Department {number}")).collect()
}

/// `1 == 1 && …` that is as long as wanted.
fn of_bytes(bytes: usize) -> String {
    format!("true{}", " ".repeat(bytes - 4))
}

/// A chain of additions; its tree has one level more than numbers.
fn of_depth(levels: usize) -> String {
    format!("{} > 0", vec!["1"; levels - 1].join("+"))
}

#[test]
fn expression_of_one_byte_more_is_refused() {
    assert!(compile(&of_bytes(MAX_EXPRESSION_BYTES)).is_ok());
    assert!(refused(&of_bytes(MAX_EXPRESSION_BYTES + 1)).contains("has 4001 bytes, at most 4000"));
}

#[test]
fn expression_of_one_level_more_is_refused() {
    assert!(compile(&of_depth(MAX_EXPRESSION_DEPTH)).is_ok());
    let message = refused(&of_depth(MAX_EXPRESSION_DEPTH + 1));
    assert!(message.contains("is 97 levels deep, at most 96 are allowed; compare with a list"), "{message}");
}

/// A chain of 1,400 additions ended the service: `has overflowed its stack`.
#[test]
fn deep_trees_do_not_overflow_the_stack() {
    assert!(refused(&of_depth(1_401)).contains("is 1,401 levels deep"));
    let chain = |start: &str, part: &str, end: &str| {
        let count = (MAX_EXPRESSION_BYTES - start.len() - end.len()) / part.len();
        format!("{start}{}{end}", part.repeat(count))
    };
    for bomb in [
        chain("1", "+1", ""),
        chain("1", "-1", ">0"),
        chain("1", "<1", ""),
        chain("department", ".a", " == \"\""),
        chain("department", "[0]", " == \"\""),
        chain("department", ".size()", " == 1"),
        chain("department_all", ".map(a,a)", " == []"),
        chain("", "true?true:", "true"),
        chain("", "true?", "true"),
        chain("", "(", ""),
        chain("", "[", ""),
        chain("", "{1:", ""),
        chain("", "-(", ""),
        chain("", "!(", ""),
        chain("", "size(", ""),
        chain("", "a.b(", ""),
        chain("", "a[", ""),
        chain("", "a{b:", ""),
        chain("\"\n1", "+1", "\n\""),
        chain("department == r\"\\\" || 1", "+1", ""),
        chain("", "[1].all(x,", ""),
        format!("{}true{}", "(".repeat(1_990), ")".repeat(1_990)),
        format!("{}{}", "[".repeat(1_990), "]".repeat(1_990)),
    ] {
        let message = refused(&bomb);
        assert!(!message.is_empty());
    }
}

#[test]
fn deepest_expression_is_evaluated_on_the_service_stack() {
    for text in [
        of_depth(MAX_EXPRESSION_DEPTH),
        format!("department_all{} != []", ".map(a, a)".repeat(90)),
        format!("{}department != \"x\"{}", "(".repeat(90), ")".repeat(90)),
        format!("{}department != \"x\"{}", "!(".repeat(90), ")".repeat(90)),
        format!("{} != \"\"", vec!["department"; 94].join("+")),
        format!("[{}department{}] != []", "[".repeat(90), "]".repeat(90)),
        format!("[1].all(x, [1].all(y, {}department{} != []))", "[".repeat(80), "]".repeat(80)),
        format!("{}true{}", "false ? true : ".repeat(90), ""),
    ] {
        assert_eq!(evaluate(&text, &numbered(1), None), EvaluationResult::True, "{text}");
    }
}

/// The deepest expression on the stack of the caller takes less than half of it.
#[test]
fn shallow_expressions_need_half_a_stack() {
    let text = format!("department_all{} != []", ".map(a, a)".repeat(MAX_DEPTH_ON_CALLERS_STACK / 2 - 2));
    let condition = CompiledExpression::compile(&text, &AttributeSet::default()).expect("an expression");
    let values = Interner::default();
    let evaluator = RuleEvaluator::new(NaiveDate::default());
    std::thread::scope(|scope| {
        let work = || evaluator.scope([&condition], &values, |_| Symbol::EMPTY).outcome(&condition);
        let thread =
            std::thread::Builder::new().stack_size(SERVICE_STACK_BYTES / 2).spawn_scoped(scope, work);
        assert_eq!(thread.expect("a thread").join().expect("no panic"), EvaluationResult::False);
    });
}

#[test]
fn expression_of_one_part_more_is_refused() {
    let sums = |count: usize| vec!["1+1"; count].join(",");
    // Three parts for each sum, and five for `||`, `true`, `!=` and the lists.
    assert_eq!(MAX_EXPRESSION_NODES, 3 * 665 + 5);
    assert!(compile(&format!("true || [{}] != []", sums(665))).is_ok());
    let message = refused(&format!("true || [{},1] != []", sums(665)));
    assert!(message.contains("has 2,001 parts, at most 2,000 are allowed; divide it"), "{message}");
}

#[test]
fn comprehension_of_one_level_more_is_refused() {
    let nested = |levels: usize| format!("{}true{}", "[1].all(x, ".repeat(levels), ")".repeat(levels));
    assert!(compile(&nested(MAX_COMPREHENSION_DEPTH)).is_ok());
    let message = refused(&nested(MAX_COMPREHENSION_DEPTH + 1));
    assert!(message.contains("nested 3 deep, at most 2 are allowed"), "{message}");
    let nine = format!("{}true{}", "[1,2,3].all(x, ".repeat(9), ")".repeat(9));
    assert!(refused(&nine).contains("nested 9 deep"));
}

#[test]
fn pattern_of_one_byte_more_is_refused() {
    let glob = |bytes: usize| format!("department == \"x\" || glob(department, \"{}\")", "a".repeat(bytes));
    assert!(compile(&glob(MAX_GLOB_BYTES)).is_ok());
    let message = refused(&glob(MAX_GLOB_BYTES + 1));
    assert!(message.contains("the pattern of `glob` has 501 bytes, at most 500"), "{message}");
    let regex = |bytes: usize| format!("department.matches(\"{}\")", "a".repeat(bytes));
    assert!(compile(&regex(MAX_REGEX_BYTES)).is_ok());
    assert!(refused(&regex(MAX_REGEX_BYTES + 1)).contains("`matches` has 501 bytes, at most 500"));
    assert!(refused("department.matches(\"(((a{100}){100}){100})\")").contains("size limit"));
}

/// 400 braces inside each other made globset panic.
#[test]
fn nested_braces_of_glob_are_refused() {
    let pattern = |levels: usize| format!("{}{}", "{a,".repeat(levels), "}".repeat(levels));
    assert!(compile(&format!("glob(department, \"{}\")", pattern(MAX_GLOB_DEPTH))).is_ok());
    let message = refused(&format!("true || glob(\"x\", \"{}\")", pattern(MAX_GLOB_DEPTH + 1)));
    assert!(message.contains("9 braces nested more than 8 deep"), "{message}");
    refused(&format!("glob(\"x\", \"{}\")", pattern(400)));
    // The error stands at the pattern, after characters of several bytes too.
    let text = format!("department == \"ÄÖ漢\" ||\n \"漢\" == department || glob(\"x\", \"{}\")", pattern(9));
    let mistake =
        CompiledExpression::compile(&text, &AttributeSet::default()).expect_err("refused").remove(0);
    assert_eq!((mistake.line, mistake.column), (1, 32));
    // A pattern that is a value of the person.
    let why = failure("glob(\"x\", department)", &[pattern(100)]);
    assert!(why.contains("100 braces nested more than 8 deep"), "{why}");
}

#[test]
fn text_of_one_byte_more_is_not_matched() {
    let text = |bytes: usize| vec!["a".repeat(bytes)];
    for (condition, found) in
        [("glob(department, \"a*\")", "16,385"), ("department.matches(\"a\")", "16,385")]
    {
        assert_eq!(evaluate(condition, &text(MAX_MATCHED_TEXT_BYTES), None), EvaluationResult::True);
        let why = failure(condition, &text(MAX_MATCHED_TEXT_BYTES + 1));
        assert!(why.contains(&format!("has {found} bytes, at most 16,384 are allowed")), "{why}");
    }
}

#[test]
fn steps_are_limited_for_one_person() {
    let quadratic = "department_all.all(a, department_all.all(b, a != \"\" && b != \"\"))";
    assert_eq!(evaluate(quadratic, &numbered(100), None), EvaluationResult::True);
    let why = failure(quadratic, &numbered(1_000));
    assert!(why.contains("takes more than 1,000,000 steps for one person"), "{why}");
    // An operator that ignores errors does not hide the limit.
    for around in [format!("({quadratic}) || true"), format!("true || ({quadratic})")] {
        let judged = evaluate(&around, &numbered(1_000), None);
        let short_circuit = around.starts_with("true");
        assert_eq!(judged == EvaluationResult::True, short_circuit, "{around}: {judged:?}");
    }
    for bomb in [
        "department_all.exists(a, department_all.exists(b, a == \"\" || b == \"\"))",
        "department_all.exists_one(a, department_all.exists_one(b, a == \"\" || b == \"\"))",
        "department_all.map(a, department_all.filter(b, a == b)) == []",
        "department_all.filter(a, department_all.map(b, a + b) == []) == []",
        "department_all.exists(a, department_all.exists(b, glob(a, \"x\" + b)))",
        "department_all.exists(a, department_all.exists(b, a.matches(b + \"x\")))",
        "department_all.all(a, !department_all.exists(b, a != b && equals_ignore_case(a, b)))",
        "department_all.all(a, !starts_with_any(a, department_all.map(b, b + \"?\")))",
    ] {
        let why = failure(bomb, &numbered(2_000));
        assert!(why.contains("steps"), "{bomb}: {why}");
    }
}

/// Patterns that are not valid take their steps, too.
#[test]
fn steps_of_patterns_that_are_not_valid_are_limited() {
    let invalid: Vec<String> = numbered(2_000).into_iter().map(|text| format!("([{text}")).collect();
    for bomb in ["department_all.exists(b, \"x\".matches(b))", "department_all.exists(b, glob(\"x\", b))"] {
        let bomb = format!("department_all.exists(a, {bomb})");
        let why = failure(&bomb, &invalid);
        assert!(why.contains("steps"), "{bomb}: {why}");
    }
}

/// A text that was doubled 26 times took 3.3 GB.
#[test]
fn sizes_of_values_are_limited() {
    let doubled =
        |times: usize| format!("[\"0123456789abcdef\"]{}.all(a, a != \"\")", ".map(a, a + a)".repeat(times));
    assert!(compile(&doubled(14)).is_ok());
    let message = refused(&doubled(26));
    assert!(message.contains("bytes or more, at most 1,048,576 are allowed"), "{message}");
    for bomb in [
        format!("[department]{}.all(a, a != [])", ".map(a, [a, a])".repeat(40)),
        format!("[department]{} != []", ".map(a, {\"a\": a, \"b\": a})".repeat(40)),
        format!("[department_all]{}.all(a, a != [])", ".map(a, a + a)".repeat(40)),
        format!("[b\"0123456789\"]{}.all(a, a != b\"\")", ".map(a, a + a)".repeat(40)),
        format!("[[department, department]]{}.all(a, a != [])", ".map(a, a.map(b, a))".repeat(40)),
    ] {
        let message = refused(&bomb);
        assert!(message.contains("at most 1,048,576 are allowed"), "{bomb}: {message}");
    }
    let large = vec!["x".repeat(MAX_VALUE_BYTES)];
    assert_eq!(evaluate("department != \"\"", &large, None), EvaluationResult::True);
    assert!(failure("department + \"x\" != \"\"", &large).contains("at most 1,048,576"));
    let many = format!("[{}] != []", vec!["department"; 300].join(","));
    assert!(failure(&many, &large).contains("1,048,576"));
    let larger = vec!["x".repeat(MAX_VALUE_BYTES + 1)];
    assert!(failure("department != \"\"", &larger).contains("a value has 1,048,577 bytes or more"));
}

/// The reason of a failure does not quote a long value as a whole.
#[test]
fn reason_of_a_failure_is_short() {
    let why = failure("int(department) > 5", &["x".repeat(10_000)]);
    assert!(why.chars().count() <= MAX_REASON_CHARS + 1, "{why}");
    let why = failure("department_all.exists(one, \"x\".matches(one))", &["(".repeat(MAX_REGEX_BYTES)]);
    assert!(why.chars().count() == MAX_REASON_CHARS + 1 && why.ends_with('…'), "{why}");
}

#[test]
fn interrupt_ends_an_evaluation() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    let quadratic = "department_all.all(a, department_all.all(b, a != \"\"))";
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let interrupt: Interrupt = Arc::new(move || counted.fetch_add(1, Ordering::Relaxed) >= 2);
    let judged = evaluate(quadratic, &numbered(300), Some(interrupt));
    assert_eq!(judged, EvaluationResult::Failed("the evaluation was stopped before its end".to_owned()));
    assert_eq!(calls.load(Ordering::Relaxed), 3);
}

/// A pattern takes few steps and long to compile, whether it is valid or not.
#[test]
fn interrupt_ends_an_evaluation_before_each_pattern() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    let valid = numbered(20);
    let invalid: Vec<String> = valid.iter().map(|text| format!("({text}")).collect();
    for departments in [valid, invalid] {
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&calls);
        let interrupt: Interrupt = Arc::new(move || counted.fetch_add(1, Ordering::Relaxed) >= 4);
        let text = "department_all.exists(b, \"no\".matches(b))";
        let judged = evaluate(text, &departments, Some(interrupt));
        assert_eq!(judged, EvaluationResult::Failed("the evaluation was stopped before its end".to_owned()));
    }
}

/// A limit that one person reaches does not affect the next one.
#[test]
fn budget_starts_anew_for_each_person() {
    let text = "department_all.all(a, department_all.all(b, a != \"\"))";
    let condition = compile(text).expect("an expression");
    let mut values = Interner::default();
    let [many, few] = [1_000, 10].map(|count| values.intern_all(&mut numbered(count)));
    let evaluator = RuleEvaluator::new(NaiveDate::default());
    let judged = |cell| evaluator.scope([&condition], &values, |_| cell).outcome(&condition);
    assert!(matches!(judged(many), EvaluationResult::Failed(_)));
    assert_eq!(judged(few), EvaluationResult::True);
}

/// What `filter`, `map`, `exists_one` and `matches` give is not changed by the counting.
#[test]
fn counted_expressions_give_the_same_results() {
    for text in [
        "department_all.filter(a, a.endsWith(\"1\")).size() == 1",
        "department_all.map(a, a + \"!\")[0] == \"Department 0!\"",
        "department_all.map(a, a != \"\", size(a)) == [12, 12, 12]",
        "department_all.exists_one(a, a == \"Department 2\")",
        "!department_all.exists_one(a, a != \"\")",
        "department_all.exists(a, [\"2\", \"3\"].exists(b, a.endsWith(b)))",
        "department.matches(\"^Dep.* [0-9]$\") && matches(department, \"0\") && !department.matches(\"^0\")",
        "{\"a\": department}.a == department && has({\"a\": department}.a)",
        "(department == \"x\" ? [1] : [2, size(department)]) == [2, 12]",
        "department_all.all(a, a in department_all) && !(\"x\" in department_all)",
        "department_all.exists(a, int(a) == 1 || true)",
    ] {
        assert_eq!(evaluate(text, &numbered(3), None), EvaluationResult::True, "{text}");
    }
    for text in ["department.matches(\"a\", \"b\")", "department.matches(1)", "matches(department)"] {
        refused(text);
    }
}

/// Each limit that is exceeded is counted for the metric.
#[test]
fn exceeded_limits_are_counted() {
    let long = |bytes: usize| vec!["x".repeat(bytes)];
    let nested_glob = format!("glob(\"x\", \"{}\")", "{a,".repeat(MAX_GLOB_DEPTH + 1));
    let inner = "department_all.exists(a, department_all.exists(b, department_all.exists(c, a == b)))";
    let glob = format!("glob(department, \"{}\")", "a".repeat(MAX_GLOB_BYTES + 1));
    let regex = format!("department.matches(\"{}\")", "a".repeat(MAX_REGEX_BYTES + 1));
    let parts = format!("true || [{},1] != []", vec!["1+1"; 665].join(","));
    for (limit, text) in [
        (ResourceLimit::ExpressionBytes, of_bytes(MAX_EXPRESSION_BYTES + 1)),
        (ResourceLimit::ExpressionDepth, of_depth(MAX_EXPRESSION_DEPTH + 1)),
        (ResourceLimit::ExpressionParts, parts),
        (ResourceLimit::ComprehensionDepth, inner.to_owned()),
        (ResourceLimit::GlobBytes, glob),
        (ResourceLimit::GlobDepth, nested_glob),
        (ResourceLimit::RegexBytes, regex),
        (ResourceLimit::CompiledRegexBytes, "department.matches(\"(((a{100}){100}){100})\")".to_owned()),
    ] {
        let before = limit.times_reached();
        refused(&text);
        assert!(limit.times_reached() > before, "{limit:?}");
    }
    let quadratic = "department_all.all(a, department_all.all(b, a != \"\" && b != \"\"))";
    let invalid_regex = "department_all.exists(one, \"x\".matches(one))";
    for (limit, text, departments) in [
        (ResourceLimit::EvaluationSteps, quadratic, numbered(1_000)),
        (ResourceLimit::ValueBytes, "department != \"\"", long(MAX_VALUE_BYTES + 1)),
        (ResourceLimit::MatchedTextBytes, "glob(department, \"a*\")", long(MAX_MATCHED_TEXT_BYTES + 1)),
        (ResourceLimit::ReasonCharacters, invalid_regex, vec!["(".repeat(MAX_REGEX_BYTES)]),
    ] {
        let before = limit.times_reached();
        failure(text, &departments);
        assert!(limit.times_reached() > before, "{limit:?}");
    }
}
