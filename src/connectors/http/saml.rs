//! Signed SAML 2.0 assertions (SAML 2.0 Core, XML Signature 1.1) for token endpoints that authenticate clients by
//! key.
//!
//! The XML is written in the form of Exclusive XML Canonicalization 1.0: namespaces at first use, attributes
//! sorted by name, no whitespace between elements, no self-closing tags. The signed text is therefore identical
//! to the text that is sent, and no XML parser is needed.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use crate::http::signing_key;

/// Content of an assertion.
#[derive(Debug)]
pub(super) struct SamlAssertion<'a> {
    /// A unique id; starts with a letter.
    pub id: &'a str,
    /// The current time.
    pub now: DateTime<Utc>,
    /// The issuer: the client, identified by its key.
    pub issuer: &'a str,
    /// The user.
    pub subject: &'a str,
    /// The audience.
    pub audience: &'a str,
    /// The URL of the token endpoint.
    pub recipient: &'a str,
}

/// Lifetime of an assertion.
const ASSERTION_LIFETIME: TimeDelta = TimeDelta::minutes(10);

/// Tolerated difference between the clocks.
const CLOCK_SKEW: TimeDelta = TimeDelta::minutes(5);

impl SamlAssertion<'_> {
    /// The assertion in Base64, signed with a private RSA key in PEM; the error describes the problem with the
    /// key.
    pub(super) fn sign(&self, key: &str) -> Result<String, String> {
        let (head, tail) = self.parts();
        let digest = ring::digest::digest(&ring::digest::SHA256, format!("{head}{tail}").as_bytes());
        let info = signed_info(self.id, &STANDARD.encode(digest));
        // `SignedInfo` is signed with its namespace declaration; in the assertion, the enclosing signature
        // declares it.
        let alone = info.replacen("<ds:SignedInfo>", &format!("<ds:SignedInfo xmlns:ds=\"{DSIG}\">"), 1);
        let signature = STANDARD.encode(signing_key::sign(key, alone.as_bytes())?);
        let signature = format!(
            "<ds:Signature xmlns:ds=\"{DSIG}\">{info}<ds:SignatureValue>{signature}</ds:SignatureValue></ds:Signature>"
        );
        Ok(STANDARD.encode(format!("{head}{signature}{tail}")))
    }

    /// The assertion before and after the position of its signature.
    fn parts(&self) -> (String, String) {
        let time = |time: DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::Secs, true);
        let (id, now, until) = (value(self.id), time(self.now), time(self.now + ASSERTION_LIFETIME));
        let (issuer, subject) = (text(self.issuer), text(self.subject));
        let head = format!(
            "<saml2:Assertion xmlns:saml2=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"{id}\" IssueInstant=\"{now}\" \
             Version=\"2.0\"><saml2:Issuer>{issuer}</saml2:Issuer>"
        );
        let tail = format!(
            "<saml2:Subject>\
             <saml2:NameID Format=\"urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified\">{subject}</saml2:NameID>\
             <saml2:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\">\
             <saml2:SubjectConfirmationData NotOnOrAfter=\"{until}\" Recipient=\"{recipient}\">\
             </saml2:SubjectConfirmationData></saml2:SubjectConfirmation></saml2:Subject>\
             <saml2:Conditions NotBefore=\"{from}\" NotOnOrAfter=\"{until}\"><saml2:AudienceRestriction>\
             <saml2:Audience>{audience}</saml2:Audience></saml2:AudienceRestriction></saml2:Conditions>\
             <saml2:AuthnStatement AuthnInstant=\"{now}\" SessionIndex=\"{id}\"><saml2:AuthnContext>\
             <saml2:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified\
             </saml2:AuthnContextClassRef></saml2:AuthnContext></saml2:AuthnStatement>\
             <saml2:AttributeStatement><saml2:Attribute Name=\"api_key\">\
             <saml2:AttributeValue>{issuer}</saml2:AttributeValue></saml2:Attribute></saml2:AttributeStatement>\
             </saml2:Assertion>",
            recipient = value(self.recipient),
            from = time(self.now - CLOCK_SKEW),
            audience = text(self.audience),
        );
        (head, tail)
    }
}

/// The namespace of XML Signature.
const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";

/// The signed element: the digest of the assertion and how it was computed.
fn signed_info(id: &str, digest: &str) -> String {
    const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
    format!(
        "<ds:SignedInfo>\
         <ds:CanonicalizationMethod Algorithm=\"{EXCLUSIVE}\"></ds:CanonicalizationMethod>\
         <ds:SignatureMethod Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256\"></ds:SignatureMethod>\
         <ds:Reference URI=\"#{id}\"><ds:Transforms>\
         <ds:Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"></ds:Transform>\
         <ds:Transform Algorithm=\"{EXCLUSIVE}\"></ds:Transform></ds:Transforms>\
         <ds:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"></ds:DigestMethod>\
         <ds:DigestValue>{digest}</ds:DigestValue></ds:Reference></ds:SignedInfo>",
        id = value(id)
    )
}

/// Escapes text content according to Canonical XML (1.1, 2.3).
fn text(text: &str) -> Cow<'_, str> {
    escaped(text, &[('&', "&amp;"), ('<', "&lt;"), ('>', "&gt;"), ('\r', "&#xD;")])
}

/// Escapes an attribute value according to Canonical XML.
fn value(text: &str) -> Cow<'_, str> {
    const ESCAPES: [(char, &str); 6] =
        [('&', "&amp;"), ('<', "&lt;"), ('"', "&quot;"), ('\t', "&#x9;"), ('\n', "&#xA;"), ('\r', "&#xD;")];
    escaped(text, &ESCAPES)
}

fn escaped<'t>(text: &'t str, escapes: &[(char, &str)]) -> Cow<'t, str> {
    let escape = |c: char| escapes.iter().find(|(of, _)| *of == c).map(|(_, escape)| *escape);
    if !text.contains(|c| escape(c).is_some()) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match escape(c) {
            Some(escape) => escaped.push_str(escape),
            None => escaped.push(c),
        }
    }
    Cow::Owned(escaped)
}
