//! What commands print: no text from outside acts on the terminal.

use serde_json::Value;

use crate::service::ldap;
use crate::support::company::Company;
use crate::support::database::{Engine, on_both};
use crate::support::scripted_ldap_server::{LdapReply, LdapScript, ScriptedLdapServer, tagged};

/// Clears the screen, rings the bell, moves the cursor by a character of Latin-1, and turns the direction of what follows.
const HOSTILE: &str = "\u{1b}[2J\u{7}\u{9b}1A\u{202e}\u{2066}\r";

fn assert_inert(args: &[&str], text: &str) {
    let active = text.chars().find(|&c| {
        c != '\n' && (c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
    });
    assert_eq!(active, None, "{args:?}: {text}");
}

/// Names of learners, groups, courses and accounts, values, reasons and problems are printed with their control characters
/// as codes, also those that an earlier version stored.
#[test]
fn names_and_values_do_not_act_on_the_terminal() {
    on_both(|engine| {
        let company = Company::sales(engine, &["ada"], "");
        company.account("grace@corp.example", rollcall_model::role::Role::Viewer);
        company.sync();
        for (table, column) in [
            ("learners", "name"),
            ("groups", "name"),
            ("courses", "title"),
            ("accounts", "name"),
            ("runs", "what"),
            ("runs", "actor"),
        ] {
            company.sql(&format!("UPDATE {table} SET {column} = {column} || '{HOSTILE}'"));
        }
        let commands: [&[&str]; 9] = [
            &["learners", "list"],
            &["learners", "show", "ada@corp.example"],
            &["groups", "list"],
            &["courses", "list"],
            &["admin", "list"],
            &["runs", "list"],
            &["runs", "show", "1"],
            &["audit"],
            &["explain", "ada@corp.example"],
        ];
        let mut shown = 0;
        for args in commands {
            let printed = company.rollcall(args).expect_status(0);
            assert_inert(args, &printed.out);
            assert_inert(args, &printed.err);
            shown += usize::from(printed.out.contains(r"\u{1b}[2J"));
        }
        assert!(shown > 5, "{shown}");
        let json = company.rollcall(&["learners", "list", "--json"]).expect_status(0).out;
        assert_inert(&["--json"], &json);
        let learners: Value = serde_json::from_str(&json).expect("JSON");
        assert!(learners.to_string().contains('\u{9b}'), "{learners}");
    });
}

/// The message of a directory appears on one line and without control characters, in the output and in the log.
#[test]
fn message_of_a_server_does_not_act_on_the_terminal() {
    let mut company = Company::sales(Engine::Sqlite, &["ada"], "");
    let message = format!("no{HOSTILE}\nhint: all is well");
    let refusal = [&[0x0a, 1, 50, 4, 0], &tagged(0x04, message.as_bytes())[..]].concat();
    let page = vec![LdapReply::Operation(tagged(0x65, &refusal))];
    let script = LdapScript { pages: vec![page], ..LdapScript::default() };
    let server = company.runtime.block_on(ScriptedLdapServer::follow(script));
    company.settings("hr", &ldap(&server.url()));
    for args in [&["sync"][..], &["sync", "-v"], &["check"], &["runs", "show", "2"]] {
        let printed = company.rollcall(args);
        let text = printed.out + &printed.err;
        assert_inert(args, &text);
        assert!(text.contains("all is well"), "{text}");
        assert!(!text.contains("\nhint: all is well"), "{text}");
    }
}
