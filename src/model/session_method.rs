//! How a session was started.

use crate::text_enum::text_enum;

text_enum! {
    /// How the user of a session proved who they are.
    SessionMethod {
        /// By the password of the account.
        Password = "password",
        /// Through the sign-in provider.
        Provider = "provider",
        /// By the link that sets a password.
        Link = "link",
    }
}

impl SessionMethod {
    /// Returns true if the sign-in provider vouches for the user.
    #[must_use]
    pub fn is_provider(self) -> bool {
        match self {
            Self::Provider => true,
            Self::Password | Self::Link => false,
        }
    }
}
