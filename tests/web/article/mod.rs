//! The help article, sentence by sentence: by somebody in a browser with scripts and without, by a program that has
//! nothing but the API, and by somebody at a terminal. All walk the same way, and the database says what came of it.

mod api;
mod browser;
mod command;
mod text;

use crate::support::company::Company;
use crate::support::database::{Engine, on_both};
use crate::support::program::wait_until;
use text::{ArticleReader, ArticleSection};

/// A course, by what a program and by what a person calls it.
#[derive(Debug, Clone, Copy)]
struct ArticleCourse {
    code: &'static str,
    title: &'static str,
}

const PRIVACY: ArticleCourse = ArticleCourse { code: "GDPR-101", title: "Data protection basics" };
const SELLING: ArticleCourse = ArticleCourse { code: "SALES-201", title: "Selling without tricks" };
const SINGING: ArticleCourse = ArticleCourse { code: "SING-1", title: "Singing together" };

/// Whoever does what the article says, in one of the ways that rollcall offers; each names the sentences that it
/// follows.
trait ArticleActor {
    /// License holders and managers find everything, and others do not.
    fn is_in_control(&self, company: &Company);
    fn create(&self, company: &Company, read: &ArticleReader, group: &str, members: &[&str]);
    fn rename(&self, company: &Company, group: &str, new: &str);
    fn add(&self, company: &Company, group: &str, who: &str);
    fn remove(&self, company: &Company, group: &str, who: &str);
    fn delete(&self, company: &Company, group: &str);
    /// Assigns a course that is due some days after joining.
    fn assign(&self, company: &Company, read: &ArticleReader, course: ArticleCourse, group: &str, days: u32);
}

/// People of a small company, whom rules put into groups, and three courses.
fn company(engine: Engine) -> Company {
    let mut company = Company::new(engine);
    for (who, department, location, role) in [
        ("ada", "Sales", "Berlin", "Representative"),
        ("grace", "Sales", "Paris", "Lead"),
        ("linus", "Engineering", "Berlin", "Developer"),
        ("margaret", "Engineering", "Boston", "Lead"),
    ] {
        company.hire(who, &[("department", department), ("location", location), ("role", role)]);
    }
    company.rule("departments", "Department: {department}", "department != \"\"");
    company.rule("sites", "Site: {location}", "location != \"\"");
    company.rule("roles", "Role: {role}", "role != \"\"");
    for ArticleCourse { code, title } in [PRIVACY, SELLING, SINGING] {
        company.text.push_str(&format!("[[course]]\ncode = '{code}'\ntitle = '{title}'\n"));
    }
    company.use_default_limits();
    company.sync_without_hold();
    company
}

/// Who may open a course is exactly who is expected, as soon as the workers have caught up.
#[track_caller]
fn enrolled(company: &Company, course: ArticleCourse, expected: &[&str]) {
    let code = course.code;
    let look = || {
        let rows = company.sql(&format!(
            "SELECT l.name AS name FROM enrollments e JOIN learners l ON l.id = e.learner_id
             JOIN courses c ON c.id = e.course_id WHERE e.state = 'active' AND c.code = '{code}' ORDER BY 1"
        ));
        rows.iter().filter_map(|row| row["name"].clone()).collect::<Vec<_>>()
    };
    wait_until(&format!("{expected:?} are enrolled in `{code}`"), || {
        company.count_rows("jobs") == 0 && look() == expected
    });
}

/// How many assignments are in force.
fn assignments(company: &Company) -> i64 {
    company.count_rows("assignments WHERE ended_run_id IS NULL")
}

/// Each sentence of the article is true in the browser with scripts.
#[test]
fn article_holds_in_browser_with_scripts() {
    on_both(|engine| browser::follow_article(company(engine), true));
}

/// Each sentence of the article is true in the browser without scripts.
#[test]
fn article_holds_in_browser_without_scripts() {
    on_both(|engine| browser::follow_article(company(engine), false));
}

/// Each sentence of the article is true for the API.
#[test]
fn article_holds_for_api() {
    on_both(|engine| api::follow_article(company(engine)));
}

/// Each sentence of the article is true for the command line.
#[test]
fn article_holds_for_command_line() {
    on_both(|engine| command::follow_article(company(engine)));
}

/// The whole article.
fn follow_article(company: &mut Company, hand: &dyn ArticleActor) {
    let read = ArticleReader::default();
    title(company, hand, &read);
    why(company, hand, &read);
    create(company, hand, &read);
    manage(company, hand, &read);
    assign(company, hand, &read);
    membership(company, hand, &read);
    close(company, &read);
    read.assert_all_followed();
}

fn title(company: &Company, hand: &dyn ArticleActor, read: &ArticleReader) {
    let aside = ArticleReader::default();
    read.follow(ArticleSection::Title, 1);
    hand.create(company, &aside, "Choir", &["margaret"]);
    hand.assign(company, &aside, SINGING, "Choir", 7);
    enrolled(company, SINGING, &["margaret"]);
}

fn why(company: &mut Company, hand: &dyn ArticleActor, read: &ArticleReader) {
    read.follow(ArticleSection::Why, 1);
    assert_eq!(company.members("Department: Sales"), ["ada", "grace"]);
    assert_eq!(company.members("Site: Berlin"), ["ada", "linus"]);
    assert_eq!(company.members("Role: Lead"), ["grace", "margaret"]);
    read.follow(ArticleSection::Why, 2);
    let before = assignments(company);
    hand.assign(company, &ArticleReader::default(), PRIVACY, "Department: Sales", 30);
    assert_eq!(assignments(company), before + 1);
    read.follow(ArticleSection::Why, 3);
    enrolled(company, PRIVACY, &["ada", "grace"]);
    let deeds = company.count_rows("runs WHERE kind = 'hand'");
    read.follow(ArticleSection::Why, 4);
    company.hire("joan", &[("department", "Sales")]);
    company.sync_without_hold();
    enrolled(company, PRIVACY, &["ada", "grace", "joan"]);
    read.follow(ArticleSection::Why, 5);
    company.move_to("joan", "Engineering");
    company.sync_without_hold();
    enrolled(company, PRIVACY, &["ada", "grace"]);
    read.follow(ArticleSection::Why, 6);
    assert_eq!(company.count_rows("runs WHERE kind = 'hand'"), deeds, "nobody lent a hand");
    read.follow(ArticleSection::Why, 7);
    let whole = company.csv("hr");
    company.instead(
        "hr",
        Some(whole.split_inclusive(|byte| *byte == b'\n').take(2).collect::<Vec<_>>().concat().as_slice()),
    );
    company.sync_with_hold();
    enrolled(company, PRIVACY, &["ada", "grace"]);
    company.instead("hr", None);
    company.sync_without_hold();
    enrolled(company, PRIVACY, &["ada", "grace"]);
    read.follow(ArticleSection::Why, 8);
    hand.assign(company, &ArticleReader::default(), PRIVACY, "Department: Engineering", 30);
    enrolled(company, PRIVACY, &["ada", "grace", "joan", "linus", "margaret"]);
    read.follow(ArticleSection::Why, 9);
    company.hire("mary", &[("department", "Sales"), ("location", "Berlin")]);
    company.sync_without_hold();
    enrolled(company, PRIVACY, &["ada", "grace", "joan", "linus", "margaret", "mary"]);
    assert_eq!(company.due_in("mary", PRIVACY.code), Some(30));
    read.follow(ArticleSection::Why, 10);
    hand.is_in_control(company);
}

fn create(company: &Company, hand: &dyn ArticleActor, read: &ArticleReader) {
    hand.create(company, read, "Europe", &["ada", "grace"]);
    assert_eq!(company.members("Europe"), ["ada", "grace"]);
}

fn manage(company: &Company, hand: &dyn ArticleActor, read: &ArticleReader) {
    read.follow(ArticleSection::Manage, 1);
    hand.rename(company, "Europe", "EMEA");
    assert_eq!((company.members("EMEA"), company.members("Europe")), (names(&["ada", "grace"]), names(&[])));
    read.follow(ArticleSection::Manage, 2);
    hand.add(company, "EMEA", "joan");
    assert_eq!(company.members("EMEA"), ["ada", "grace", "joan"]);
    hand.remove(company, "EMEA", "joan");
    assert_eq!(company.members("EMEA"), ["ada", "grace"]);
    read.follow(ArticleSection::Manage, 3);
    hand.create(company, &ArticleReader::default(), "Old hands", &["linus"]);
    hand.delete(company, "Old hands");
    assert_eq!(company.count_rows("groups WHERE name = 'Old hands' AND deleted_run_id IS NULL"), 0);
    read.follow(ArticleSection::Manage, 4);
    hand.create(company, &ArticleReader::default(), "First aid", &["ada", "linus"]);
    for group in ["First aid", "EMEA", "Department: Sales", "Site: Berlin"] {
        assert!(company.members(group).contains(&"ada".to_owned()), "ada is in `{group}`");
    }
}

fn assign(company: &Company, hand: &dyn ArticleActor, read: &ArticleReader) {
    hand.assign(company, read, SELLING, "EMEA", 14);
    read.follow(ArticleSection::Assign, 6);
    enrolled(company, SELLING, &["ada", "grace"]);
    for who in ["ada", "grace"] {
        assert_eq!(company.due_in(who, SELLING.code), Some(14));
    }
}

fn membership(company: &Company, hand: &dyn ArticleActor, read: &ArticleReader) {
    read.follow(ArticleSection::Membership, 1);
    company.verify();
    read.follow(ArticleSection::Membership, 2);
    hand.add(company, "EMEA", "linus");
    assert_eq!(company.members("EMEA"), ["ada", "grace", "linus"]);
    enrolled(company, SELLING, &["ada", "grace", "linus"]);
    company.verify();
    read.follow(ArticleSection::Membership, 3);
    hand.remove(company, "EMEA", "grace");
    assert_eq!(company.members("EMEA"), ["ada", "linus"]);
    enrolled(company, SELLING, &["ada", "linus"]);
    enrolled(company, PRIVACY, &["ada", "grace", "joan", "linus", "margaret", "mary"]);
    company.verify();
    read.follow(ArticleSection::Membership, 4);
    let before = assignments(company);
    hand.delete(company, "EMEA");
    assert_eq!(company.members("EMEA"), names(&[]));
    assert_eq!(assignments(company), before - 1);
    enrolled(company, SELLING, &[]);
    company.verify();
}

fn close(company: &mut Company, read: &ArticleReader) {
    read.follow(ArticleSection::Closing, 1);
    company.hire_many("new", 150, &[("department", "Sales"), ("location", "Berlin")]);
    company.sync_without_hold();
    let privacy = format!(
        "enrollments e JOIN courses c ON c.id = e.course_id WHERE c.code = '{}' AND e.state = 'active'",
        PRIVACY.code
    );
    assert_eq!(company.count_rows(&privacy), 156);
    assert_eq!(company.due_in("new150", PRIVACY.code), Some(30));
    company.verify();
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}
