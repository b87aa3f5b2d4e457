//! An LDAP server that says what it is told to say, for what a real one cannot be brought to say.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use ldap3::asn1::{PL, StructureTag, parse_tag};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// One message of an answer.
#[derive(Debug, Clone)]
pub(crate) enum LdapReply {
    /// An entry whose `uid` is this.
    Entry(&'static str),
    /// An entry of this name, and each attribute with its values.
    Object(String, Vec<(String, Vec<String>)>),
    /// A search reference.
    Reference(&'static str),
    /// The end of a page: a result code and, where there is one, the cookie of the paging control.
    Done(u8, Option<&'static [u8]>),
    /// A message of the right number around these bytes.
    Operation(Vec<u8>),
    /// Bytes as they are.
    Raw(Vec<u8>),
}

/// What a server says.
#[derive(Debug, Clone, Default)]
pub(crate) struct LdapScript {
    /// The answers to searches, one after the other, the last one for ever.
    pub pages: Vec<Vec<LdapReply>>,
    /// The operation that answers a bind; success if there is none.
    pub bind: Option<Vec<u8>>,
    /// The operation that answers a request for TLS. If there is none, the server agrees and goes on with the next page
    /// in the clear.
    pub start_tls: Option<Vec<u8>>,
    /// The time between two messages of a page.
    pub pause: Duration,
}

/// A server that follows its script.
pub(crate) struct ScriptedLdapServer {
    port: u16,
    asked: RequestedAttributes,
    task: JoinHandle<()>,
}

/// What searches asked for.
type RequestedAttributes = Arc<Mutex<Vec<Vec<String>>>>;

impl ScriptedLdapServer {
    /// Begins to listen: every bind succeeds.
    pub(crate) async fn start(pages: Vec<Vec<LdapReply>>) -> Self {
        Self::follow(LdapScript { pages, ..LdapScript::default() }).await
    }

    /// Begins to listen.
    pub(crate) async fn follow(script: LdapScript) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let script = Arc::new(Mutex::new(script));
        let asked = RequestedAttributes::default();
        let record = asked.clone();
        let task = tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.expect("a client");
                tokio::spawn(serve(client, script.clone(), record.clone()));
            }
        });
        Self { port, asked, task }
    }

    /// The attributes that each search so far asked for.
    pub(crate) fn requested_attributes(&self) -> Vec<Vec<String>> {
        self.asked.lock().expect("no test panics while it speaks").clone()
    }

    /// For a connection in the clear.
    pub(crate) fn url(&self) -> String {
        format!("ldap://127.0.0.1:{}", self.port)
    }
}

impl Drop for ScriptedLdapServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut client: TcpStream, script: Arc<Mutex<LdapScript>>, asked: RequestedAttributes) {
    let mut received = Vec::new();
    let (bind, start_tls, pause) = {
        let script = script.lock().expect("no test panics while it speaks");
        (script.bind.clone(), script.start_tls.clone(), script.pause)
    };
    loop {
        while let Ok((rest, message)) = parse_tag(&received) {
            let length = received.len() - rest.len();
            let PL::C(parts) = message.payload else { return };
            let answer = match parts[1].id {
                BIND => {
                    let operation = bind.clone().unwrap_or_else(|| tagged(0x61, &result(0)));
                    vec![sequence(&[number(&parts), operation])]
                }
                EXTENDED => match &start_tls {
                    Some(operation) => vec![sequence(&[number(&parts), operation.clone()])],
                    None => {
                        let agreed = sequence(&[number(&parts), tagged(0x78, &result(0))]);
                        let more = next_page(&script);
                        vec![more.iter().fold(agreed, |said, say| [said, spoken(say, &parts)].concat())]
                    }
                },
                SEARCH => {
                    asked.lock().expect("no test panics while it speaks").push(wanted(&parts[1]));
                    let page = next_page(&script).into_iter().map(|say| spoken(&say, &parts));
                    let page: Vec<Vec<u8>> = page.collect();
                    if pause.is_zero() { vec![page.concat()] } else { page }
                }
                _ => return,
            };
            received.drain(..length);
            for part in answer {
                if client.write_all(&part).await.is_err() {
                    return;
                }
                tokio::time::sleep(pause).await;
            }
        }
        let mut buffer = [0; 4096];
        let Ok(length @ 1..) = client.read(&mut buffer).await else { return };
        received.extend_from_slice(&buffer[..length]);
    }
}

const BIND: u64 = 0;
const SEARCH: u64 = 3;
const EXTENDED: u64 = 23;

/// The attributes of a search request, its last part (RFC 4511 4.5.1).
fn wanted(request: &StructureTag) -> Vec<String> {
    let inner = |tag: &StructureTag| match &tag.payload {
        PL::C(parts) => parts.clone(),
        PL::P(_) => Vec::new(),
    };
    let names = inner(request).last().map(inner).unwrap_or_default();
    let text = |tag: StructureTag| match tag.payload {
        PL::P(bytes) => String::from_utf8(bytes).expect("a name"),
        PL::C(_) => panic!("a name is no list"),
    };
    names.into_iter().map(text).collect()
}

fn next_page(script: &Mutex<LdapScript>) -> Vec<LdapReply> {
    let pages = &mut script.lock().expect("no test panics while it speaks").pages;
    if pages.len() > 1 { pages.remove(0) } else { pages.first().cloned().unwrap_or_default() }
}

fn spoken(say: &LdapReply, request: &[StructureTag]) -> Vec<u8> {
    let message = |operation: &[u8], controls: &[u8]| {
        sequence(&[number(request), operation.to_vec(), controls.to_vec()])
    };
    match say {
        LdapReply::Entry(uid) => {
            let values = vec![("uid".to_owned(), vec![(*uid).to_owned()])];
            spoken(&LdapReply::Object(format!("uid={uid},dc=corp"), values), request)
        }
        LdapReply::Object(dn, attributes) => {
            let attribute = |(name, values): &(String, Vec<String>)| {
                let values: Vec<u8> = values.iter().flat_map(|value| octets(value.as_bytes())).collect();
                sequence(&[octets(name.as_bytes()), tagged(0x31, &values)])
            };
            let attributes: Vec<Vec<u8>> = attributes.iter().map(attribute).collect();
            message(&tagged(0x64, &[octets(dn.as_bytes()), sequence(&attributes)].concat()), &[])
        }
        LdapReply::Reference(uri) => message(&tagged(0x73, &octets(uri.as_bytes())), &[]),
        LdapReply::Done(code, cookie) => {
            let control = cookie.map_or_else(Vec::new, |cookie| {
                let value = sequence(&[vec![2, 1, 0], octets(cookie)]);
                tagged(0xa0, &sequence(&[octets(b"1.2.840.113556.1.4.319"), octets(&value)]))
            });
            message(&tagged(0x65, &result(*code)), &control)
        }
        LdapReply::Operation(bytes) => message(bytes, &[]),
        LdapReply::Raw(bytes) => bytes.clone(),
    }
}

fn result(code: u8) -> Vec<u8> {
    [vec![0x0a, 1, code], octets(b""), octets(b"")].concat()
}

fn number(request: &[StructureTag]) -> Vec<u8> {
    let PL::P(bytes) = &request[0].payload else { panic!("a message has a number") };
    tagged(0x02, bytes)
}

fn octets(bytes: &[u8]) -> Vec<u8> {
    tagged(0x04, bytes)
}

fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    tagged(0x30, &parts.concat())
}

/// Elements inside each other, so many levels deep.
pub(crate) fn nested(levels: usize) -> Vec<u8> {
    let headers = (0..levels).rev().flat_map(|inside| {
        let [a, b, c, d] = u32::try_from(3 + 6 * inside).expect("short messages only").to_be_bytes();
        [0x30, 0x84, a, b, c, d]
    });
    headers.chain([2, 1, 7]).collect()
}

/// Tag, length, value (X.690 8.1).
pub(crate) fn tagged(tag: u8, value: &[u8]) -> Vec<u8> {
    let length = u32::try_from(value.len()).expect("short messages only");
    let mut bytes = vec![tag];
    match u8::try_from(length) {
        Ok(short @ 0..128) => bytes.push(short),
        Ok(_) | Err(_) => {
            bytes.push(0x84);
            bytes.extend_from_slice(&length.to_be_bytes());
        }
    }
    bytes.extend_from_slice(value);
    bytes
}
