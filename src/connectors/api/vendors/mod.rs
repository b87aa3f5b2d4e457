//! The known systems.
//!
//! The documentation of [`crate`] describes how to add one.
//!
//! None of these was tested against a live tenant: URLs, fields and limits come from the published documentation
//! of the vendors; the configuration file can override what the documentation leaves open.

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

/// A system, as far as it is known without the configuration file.
#[derive(Debug)]
pub struct Vendor {
    /// The kind in the configuration file.
    pub name: &'static str,
    /// The server URL; `{NAME}` is a placeholder for a value of the file. `None` if the file must set the URL.
    pub url: Option<&'static str>,
    /// The supported authentication methods, in terms of their configuration keys.
    pub access: &'static [VendorAuthMethod],
    /// Records per page: default and maximum.
    pub page_size: (u32, u32),
    /// Default for requests per second.
    pub requests_per_second: u32,
    /// Default for the maximum size of a response, in bytes.
    pub most_bytes: u64,
    /// Attributes of rollcall and their paths in the system.
    pub mapping: &'static [(&'static str, &'static str)],
    /// Status values that mean active, leave and left.
    pub statuses: [&'static [&'static str]; 3],
    /// Responses with status 403 that contain one of these words mean too many requests.
    pub quota_words: &'static [&'static str],
    /// Builds the description of the API.
    pub describe: fn(&VendorSettings<'_>) -> ApiDescription,
}

impl Vendor {
    /// The default mapping.
    #[must_use]
    pub fn default_mapping(&self) -> DefaultMapping {
        DefaultMapping { columns: self.mapping, statuses: self.statuses }
    }
}

/// An authentication method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VendorAuthMethod {
    /// `token`, after this prefix in the `Authorization` header.
    Token(&'static str),
    /// `user` and `password`.
    Password,
    /// `user` and `token`, sent as user and password.
    UserToken,
    /// `api_key`, sent as the user; the password is ignored.
    KeyAsUser,
    /// `api_key` in the header that `api_key_header` names.
    KeyInHeader,
    /// `client_id` and `client_secret`, sent as a form to the token endpoint.
    ClientSecret {
        /// The token endpoint if `token_url` is not set.
        token_url: Option<&'static str>,
        /// The scope of the token if `scope` is not set.
        scope: Option<&'static str>,
    },
    /// `client_id`, `client_secret` and `refresh_token`.
    RefreshToken,
    /// `client_id` and `private_key`.
    ClientKey {
        /// The token endpoint if `token_url` is not set.
        token_url: &'static str,
        /// The scope of the token if `scope` is not set.
        scope: &'static str,
    },
    /// `client_id`, `company_id`, `user` and `private_key`.
    Saml {
        /// The token endpoint if `token_url` is not set.
        token_url: &'static str,
        /// The audience of the signed assertion.
        audience: &'static str,
    },
    /// `service_account` and `admin`, the impersonated user.
    ServiceAccount {
        /// The scope of the token if `scope` is not set.
        scope: &'static str,
    },
    /// No authentication.
    Anonymous,
}

/// Values of the configuration file for a system.
#[derive(Debug)]
pub struct VendorSettings<'f> {
    /// Records per page.
    pub page_size: u32,
    /// Text values by key.
    pub texts: &'f BTreeMap<&'static str, String>,
    /// The paths of all mapped attributes as written, each alternative separately.
    pub places: &'f [String],
    /// Settings of a custom API.
    pub http_json: Option<&'f HttpJsonSettings>,
}

impl VendorSettings<'_> {
    /// A text value of the file, or the default.
    fn text(&self, key: &str, otherwise: &str) -> String {
        self.texts.get(key).map_or_else(|| otherwise.to_owned(), String::clone)
    }

    /// The first name of every path, without duplicates: the fields to request.
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

/// All known systems.
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

/// Finds a system by its kind.
#[must_use]
pub fn find_vendor(name: &str) -> Option<&'static Vendor> {
    VENDORS.iter().find(|kind| kind.name == name).copied()
}

/// A mebibyte.
const MIB: u64 = 1 << 20;

/// Maximum size for one page of any system.
const MAX_PAGE_BYTES: u64 = 64 * MIB;

/// Maximum size for all people of a company in one response.
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
