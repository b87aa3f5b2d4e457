//! The account of the operating system that runs a command.

use std::fs;

/// The login user of a process that no login started (Linux, `AUDIT_UID_UNSET`).
const NO_LOGIN: u32 = u32::MAX;

/// Returns the account that runs this command, by its number: the environment can name any account. If the account of the
/// login is another one, as with sudo, it comes first.
#[must_use]
pub(crate) fn current_actor() -> String {
    let accounts = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let login = fs::read_to_string("/proc/self/loginuid").ok().and_then(|text| text.trim().parse().ok());
    describe(rustix::process::getuid().as_raw(), login.filter(|uid| *uid != NO_LOGIN), &accounts)
}

fn describe(uid: u32, login: Option<u32>, accounts: &str) -> String {
    let account = name_account(uid, accounts);
    match login.filter(|login| *login != uid) {
        Some(login) => format!("{} as {account}", name_account(login, accounts)),
        None => account,
    }
}

/// Returns the name and number of an account; the number alone if `accounts`, in the format of passwd(5), lacks it.
fn name_account(uid: u32, accounts: &str) -> String {
    let named = accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then_some(name)
    });
    named.map_or_else(|| format!("uid {uid}"), |name| format!("{name} (uid {uid})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNTS: &str = "root:x:0:0:root:/root:/bin/sh\nada:x:1000:1000::/home/ada:/bin/sh\n";

    /// An account is named by its number, also where the login was another account or the file lacks it.
    #[test]
    fn account_is_named_by_its_number() {
        assert_eq!(describe(0, None, ACCOUNTS), "root (uid 0)");
        assert_eq!(describe(1000, Some(1000), ACCOUNTS), "ada (uid 1000)");
        assert_eq!(describe(0, Some(1000), ACCOUNTS), "ada (uid 1000) as root (uid 0)");
        assert_eq!(describe(7, None, ACCOUNTS), "uid 7");
    }
}
