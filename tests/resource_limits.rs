//! Every bound on what comes from outside has a test that sends one more.

use rollcall_core::accounts::{self, ClientAddr, ClientBrowser, PasswordSignIn, SignInClient};
use rollcall_core::sync::RunOutcome;
use rollcall_model::resource_limits::ResourceLimit;
use rollcall_model::role::Role;

use crate::service::{ldap, silent_server};
use crate::support::company::{Company, run};
use crate::support::database::{Engine, on_both};
use crate::support::named_code::check_name;
use crate::support::web::{LICENSE_HOLDER, PASSWORD};

/// The test that exceeds a bound. A new bound does not compile without one.
fn exceeding_test(limit: ResourceLimit) -> &'static str {
    use ResourceLimit as L;
    match limit {
        L::Connections => "web::connection_limits::connection_above_bound_ends_the_one_that_waited_longest",
        L::SurplusConnections => {
            "web::connection_limits::health_is_answered_while_all_connections_are_in_requests"
        }
        L::ConnectionsPerAddress => "web::connection_limits::connections_of_one_address_are_bounded",
        L::HeaderSeconds | L::BodySeconds => "web::connection_limits::slow_headers_and_bodies_end_in_time",
        L::HeaderBytes => "web::connection_limits::large_header_is_refused",
        L::IdleSeconds => "web::connections::timed_stream::a_pause_between_two_requests_ends_after_its_time",
        L::ReservedFiles => "web::connection_limits::connections_leave_reserve_of_open_files",
        L::FormFields | L::KeptFormBytes | L::SignInFormBytes => "web::form_limits::forms_are_bounded",
        L::RequestsPerPrincipal | L::WaitingRequests => "web::request_slots::request_beyond_the_bound_waits",
        L::ExportSeconds => "web::csv_export::export_that_is_not_received_ends",
        L::WaitingProviderVisits => "web::provider_metadata::sign_ins_that_wait_are_bounded",
        L::SearchCharacters | L::SearchWords => {
            "model::search_text::one_character_or_word_more_than_the_bound_is_refused"
        }
        L::DraftsPerAccount => "web::form_drafts::oldest_draft_makes_way",
        L::DraftChoices => "web::form_drafts::choices_of_one_draft_are_bounded",
        L::ExportsAtOnce => "web::exports::exports_leave_connections_for_pages",
        L::SignInAddressBytes => "web::sign_in_attempts::long_address_is_refused_and_counters_hold_digests",
        L::PasswordThreads | L::WaitingPasswords => {
            "core::accounts::password_threads::work_beyond_the_bound_is_refused"
        }
        L::SignInCounters => "web::sign_in_attempts::oldest_counters_of_attempts_make_way",
        L::SignInRecords => "web::sign_in_record::refusals_do_not_displace_recorded_sign_ins",
        L::SessionsPerAccount => "resource_limits::oldest_session_of_an_account_makes_way",
        L::ProviderAnswerBytes => "web::provider_metadata::large_answer_is_refused",
        L::ProviderMetadataSeconds => "web::provider_metadata::metadata_are_read_once",
        L::ConfigBytes | L::SecretBytes | L::CertificateBytes | L::ImportBytes => {
            "connectors::file::regular_file::file_of_one_byte_more_than_the_bound_is_refused"
        }
        L::ConfigLineBytes => "config::limit_tests::line_of_one_byte_more_than_the_bound_is_refused",
        L::ConfigErrors => "config::limit_tests::errors_of_a_file_are_bounded",
        L::ReloadSeconds => "service::config_reload::file_that_is_not_read_in_time_is_logged",
        L::ReadingBytes | L::ReadingRecords | L::ReadingPages => {
            "vendors::limits::pages_records_and_bytes_are_bounded"
        }
        L::ReadingMinutes => "connectors::reading_deadline::reading_without_end_fails_in_time",
        L::FolderEntries => "newest_file::folder_with_one_entry_more_than_the_bound_is_refused",
        L::RecordBytes => "csv_limits::row_beyond_the_limit_is_refused",
        L::AttributeValues | L::RecordParts | L::SourceValueBytes => {
            "csv_limits::values_beyond_the_limits_are_refused"
        }
        L::PageParts => "vendors::limits::parts_of_pages_with_details_are_bounded",
        L::LdapElements => "ldap::limits::elements_beyond_the_limit_are_refused",
        L::LdapNestingLevels => "ldap::limits::deeply_nested_message_is_refused",
        L::LdapValueBytes => "ldap::limits::value_beyond_the_limit_names_entry_and_attribute",
        L::LdapOtherMessages => "ldap::limits::other_messages_beyond_the_limit_are_refused",
        L::PagingCookieBytes => "ldap::limits::cookie_beyond_the_limit_is_refused",
        L::TokenResponseBytes => "vendors::limits::token_response_is_bounded",
        L::ServerWaitSeconds => "connectors::http::server_wait::every_number_is_a_bounded_wait",
        L::StatementSeconds => "silent_database::statement_without_an_answer_ends_in_time",
        L::RunMinutes => "resource_limits::run_beyond_its_deadline_fails",
        L::Problems | L::ProblemCharacters => "retention::problems_of_a_run_are_bounded",
        L::RunErrorCharacters => "retention::error_of_a_failed_run_is_bounded",
        L::ExpressionBytes => "rules::rule::limit_tests::expression_of_one_byte_more_is_refused",
        L::ExpressionDepth => "rules::rule::limit_tests::expression_of_one_level_more_is_refused",
        L::ExpressionParts => "rules::rule::limit_tests::expression_of_one_part_more_is_refused",
        L::ComprehensionDepth => "rules::rule::limit_tests::comprehension_of_one_level_more_is_refused",
        L::GlobBytes | L::RegexBytes | L::CompiledRegexBytes => {
            "rules::rule::limit_tests::pattern_of_one_byte_more_is_refused"
        }
        L::GlobDepth => "rules::rule::limit_tests::nested_braces_of_glob_are_refused",
        L::EvaluationSteps => "rules::rule::limit_tests::steps_are_limited_for_one_person",
        L::ValueBytes => "rules::rule::limit_tests::sizes_of_values_are_limited",
        L::MatchedTextBytes => "rules::rule::limit_tests::text_of_one_byte_more_is_not_matched",
        L::ReasonCharacters => "rules::rule::limit_tests::reason_of_a_failure_is_short",
        L::PreviewSeconds | L::PreviewsPerAccount => "web::rule_limits::running_previews_keep_no_connection",
    }
}

#[test]
fn every_limit_has_a_test_that_exceeds_it() {
    let wrong: Vec<String> = ResourceLimit::ALL
        .into_iter()
        .filter_map(|limit| check_name(exceeding_test(limit)).err().map(|why| format!("{limit:?}: {why}")))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// One sign-in more than the bound ends the oldest session of the account.
#[test]
fn oldest_session_of_an_account_makes_way() {
    let most = ResourceLimit::SessionsPerAccount.default_value();
    on_both(|engine| {
        let company = Company::with_license_holder(engine);
        company.account("other@corp.example", Role::Viewer);
        let sign_in = |email: &str| {
            let address = ClientAddr("192.0.2.1".parse().expect("an address"));
            let client = SignInClient { address, browser: ClientBrowser::default() };
            let now = company.change_time().now;
            let signed_in = accounts::sign_in(&company.store, email, PASSWORD, client, now);
            match company.runtime.block_on(signed_in).expect("signed in") {
                PasswordSignIn::SignedIn(session) => session.cookie,
                PasswordSignIn::CodeRequired { .. } => panic!("the account has a second factor"),
            }
        };
        let is_good = |cookie: &str| {
            let found =
                accounts::authenticate_session(&company.store, cookie, true, company.change_time().now);
            company.runtime.block_on(found).expect("an answer").is_some()
        };
        let other = sign_in("other@corp.example");
        let cookies: Vec<String> = (0..most).map(|_| sign_in(LICENSE_HOLDER)).collect();
        assert!(cookies.iter().all(|cookie| is_good(cookie)));
        let before = ResourceLimit::SessionsPerAccount.times_reached();
        let last = sign_in(LICENSE_HOLDER);
        assert!(!is_good(&cookies[0]) && is_good(&cookies[1]) && is_good(&last) && is_good(&other));
        assert!(ResourceLimit::SessionsPerAccount.times_reached() > before);
    });
}

/// A run that does not end in its time fails and changes nothing.
#[test]
fn run_beyond_its_deadline_fails() {
    let mut company = Company::sales(Engine::Sqlite, &["ada"], "");
    company.sync();
    let (_server, url) = silent_server();
    company.settings("hr", &ldap(&url));
    let mut config = company.config();
    config.limits = config.limits.clone().with(ResourceLimit::RunMinutes, 0);
    let before = ResourceLimit::RunMinutes.times_reached();
    let report = company.runtime.block_on(run(&company.store, &config, "hr", false));
    let RunOutcome::Failed(error) = &report.outcome else { panic!("{:?}", report.outcome) };
    assert!(error.to_string().contains("0 minutes"), "{error}");
    assert!(ResourceLimit::RunMinutes.times_reached() > before);
    assert_eq!(company.members("Sales"), ["ada"]);
}
