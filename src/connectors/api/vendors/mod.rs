//! The systems that are known by name.
//!
//! [`crate`] says how another one is added.
//!
//! None of these has been tried against a live tenant: addresses, fields and limits are the vendors' published ones, and
//! what those leave open can be set in the file.

mod bamboohr;
mod entra;
mod google;
mod hibob;
mod http_json;
mod okta;
mod personio;
mod personio_v2;
mod scim;
mod successfactors;
mod workday;

use std::collections::BTreeMap;

use crate::api::ApiDescription;
use crate::mapping::DefaultMapping;

pub use http_json::HttpJsonSettings;

/// One system, as far as it can be said before a file is read.
#[derive(Debug)]
pub struct Vendor {
    /// The word in the file.
    pub name: &'static str,
    /// The server's URL; `{NAME}` stands for a text of the file. None where the file must give it.
    pub url: Option<&'static str>,
    /// The ways to prove who asks, as the keys that they take.
    pub access: &'static [VendorAuthMethod],
    /// Records a page, and the most that the system sends.
    pub page_size: (u32, u32),
    /// Requests a second where the file does not say.
    pub requests_per_second: u32,
    /// The largest answer where the file does not say, in bytes.
    pub most_bytes: u64,
    /// Attribute of rollcall, places of the system.
    pub mapping: &'static [(&'static str, &'static str)],
    /// Values of its status, and what they mean: active, leave, left.
    pub statuses: [&'static [&'static str]; 3],
    /// Answers of status 403 with one of these words are about too many requests.
    pub quota_words: &'static [&'static str],
    /// What is asked for.
    pub describe: fn(&VendorSettings<'_>) -> ApiDescription,
}

impl Vendor {
    /// What it maps where the file says nothing.
    #[must_use]
    pub fn default_mapping(&self) -> DefaultMapping {
        DefaultMapping { columns: self.mapping, statuses: self.statuses }
    }
}

/// One way to prove who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VendorAuthMethod {
    /// `token`, behind these words in the `Authorization` header.
    Token(&'static str),
    /// `user` and `password`.
    Password,
    /// `user` and `token`, sent as user and password.
    UserToken,
    /// `api_key`, sent as the user of a password that does not matter.
    KeyAsUser,
    /// `api_key` in the header that `api_key_header` names.
    KeyInHeader,
    /// `client_id` and `client_secret`, in the form that a token is asked for with.
    ClientSecret {
        /// The token endpoint where the file does not give `token_url`.
        token_url: Option<&'static str>,
        /// What the token is for, where the file does not give `scope`.
        scope: Option<&'static str>,
    },
    /// `client_id`, `client_secret` and `refresh_token`.
    RefreshToken,
    /// `client_id` and `private_key`.
    ClientKey {
        /// The token endpoint where the file does not give `token_url`.
        token_url: &'static str,
        /// What the token is for, where the file does not give `scope`.
        scope: &'static str,
    },
    /// `client_id`, `company_id`, `user` and `private_key`.
    Saml {
        /// The token endpoint where the file does not give `token_url`.
        token_url: &'static str,
        /// Who is to believe what the key signs.
        audience: &'static str,
    },
    /// `service_account` and `admin`, for whom it acts.
    ServiceAccount {
        /// What the token is for, where the file does not give `scope`.
        scope: &'static str,
    },
    /// Nothing.
    Anonymous,
}

/// What the file gives of a system.
#[derive(Debug)]
pub struct VendorSettings<'f> {
    /// Records a page.
    pub page_size: u32,
    /// Its texts, by key.
    pub texts: &'f BTreeMap<&'static str, String>,
    /// The places of all mapped attributes, as they are written, each alternative by itself.
    pub places: &'f [String],
    /// What a file says of a system of its own.
    pub http_json: Option<&'f HttpJsonSettings>,
}

impl VendorSettings<'_> {
    /// A text of the file, or what stands for it.
    fn text(&self, key: &str, otherwise: &str) -> String {
        self.texts.get(key).map_or_else(|| otherwise.to_owned(), String::clone)
    }

    /// The first name of every place, once: what to ask for.
    fn heads(&self) -> Vec<&str> {
        let mut heads: Vec<&str> = self
            .places
            .iter()
            .filter_map(|place| place.split(['.', '[']).next())
            .filter(|head| !head.is_empty())
            .collect();
        heads.sort_unstable();
        heads.dedup();
        heads
    }
}

/// All of them.
pub static VENDORS: &[&Vendor] = &[
    &scim::VENDOR,
    &entra::VENDOR,
    &okta::VENDOR,
    &google::VENDOR,
    &bamboohr::VENDOR,
    &personio::VENDOR,
    &personio_v2::VENDOR,
    &workday::VENDOR,
    &successfactors::VENDOR,
    &hibob::VENDOR,
    &http_json::VENDOR,
];

/// The kind of this name.
#[must_use]
pub fn find_vendor(name: &str) -> Option<&'static Vendor> {
    VENDORS.iter().find(|kind| kind.name == name).copied()
}

/// A mebibyte.
const MIB: u64 = 1 << 20;

/// Enough for the largest page of any system.
const MAX_PAGE_BYTES: u64 = 64 * MIB;

/// Enough for a whole company in one answer.
const MAX_COMPANY_BYTES: u64 = 1024 * MIB;

fn pair(name: &str, value: impl Into<String>) -> (String, String) {
    (name.to_owned(), value.into())
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::ValuePath;

    #[test]
    fn the_default_mapping_of_every_kind_is_made_of_paths_and_has_an_id() {
        for kind in VENDORS.iter().filter(|kind| !kind.mapping.is_empty()) {
            assert!(kind.mapping.iter().any(|(name, _)| *name == "id"), "{}", kind.name);
            for (name, place) in kind.mapping {
                assert!(ValuePath::parse(place).is_ok(), "{}: {name} = {place}", kind.name);
            }
        }
    }
}
