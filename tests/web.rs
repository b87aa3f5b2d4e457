//! The pages, in a real browser and request by request.

mod accessibility;
mod api;
mod article;
mod background_operations;
mod change_notices;
mod connection_limits;
mod exports;
mod failure_modes;
mod form_drafts;
mod groups;
mod health;
mod jobs;
mod lists;
mod oidc;
mod routes;
mod rule_limits;
mod screenshots;
mod search_text;
mod settings;
mod sign_in;
mod sign_in_attempts;
mod sign_in_record;
mod sync;
mod tokens;
mod trusted_proxies;
