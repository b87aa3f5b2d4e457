//! Files in another encoding than the settings say: refused with the setting, never read with garbled names.

use rollcall_connectors::file::TextEncoding;

use crate::csv_file::CsvFixture;
use crate::support::external_ids;

const TEXT: &str = "employee_id;work_email;full_name;department\n\
                    1;ada@corp.example;Ada Müller;Köln\n\
                    2;emmy@corp.example;Emmy Noether;Größe\n";

fn windows_1252(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(c).expect("of Latin-1")).collect()
}

/// A file that is UTF-8 one night is not read as Windows-1252: its names and groups would be garbled.
#[tokio::test]
async fn utf_8_is_not_read_as_windows_1252() {
    let of = |content: Vec<u8>| {
        CsvFixture::of(content).set(|settings| settings.file.encoding = TextEncoding::Windows1252)
    };
    assert_eq!(external_ids(&of(windows_1252(TEXT)).people().await), ["1", "2"]);
    let error = of(TEXT.as_bytes().to_vec()).error().await;
    assert_eq!(error.kind(), "bad_file");
    assert!(error.to_string().contains("the file is UTF-8, but `encoding` is \"windows-1252\""), "{error}");
    assert!(error.hint().is_some_and(|hint| hint.contains("set `encoding = \"utf-8\"`")), "{error:?}");
    // One letter of the other encoding proves that the file is what the settings say.
    let mixed = [TEXT.as_bytes(), b"3;x@corp.example;Ren\xe9;IT\n"].concat();
    assert_eq!(external_ids(&of(mixed).people().await), ["1", "2", "3"]);
    let ascii = TEXT.replace(['ü', 'ö', 'ß'], "o");
    assert_eq!(external_ids(&of(ascii.into_bytes()).people().await), ["1", "2"]);
}

/// A file that is not UTF-8 is called Windows-1252 only if it can be.
#[tokio::test]
async fn encoding_is_proposed_only_if_the_letters_fit() {
    let row = |name: &[u8]| {
        let start = b"employee_id;work_email;full_name;department\n1;ada@corp.example;";
        [&start[..], name, b";Sales\n"].concat()
    };
    for (name, is_western) in [
        (&b"M\xfcller"[..], true),
        // Shift JIS, Windows-1251, code page 850.
        (b"\x8eR\x93c", false),
        (b"\xc8\xe2\xe0\xed\xee\xe2", false),
        (b"M\x81ller", false),
    ] {
        let error = CsvFixture::of(row(name)).error().await;
        assert!(error.to_string().ends_with("line 2 is not UTF-8"), "{error}");
        let hint = error.hint().unwrap_or_default();
        assert_eq!(hint.starts_with("set `encoding`, such as \"windows-1252\""), is_western, "{hint}");
        assert!(hint.contains("UTF-8"), "{hint}");
    }
}
