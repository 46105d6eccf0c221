//! The text as the parser reads it: the parser's own input, with the long runs of base64 in a
//! kubeconfig passed over 32 bytes at a time.
//!
//! The parser's input looks at every byte of a scalar by itself, and most of a kubeconfig is
//! certificates. What is a run is decided here; where a scalar ends, and all else, is left to the
//! parser's input.

use alloc::string::String;

use granit_parser::input::{BorrowedInput, Input, SkipTabs, WhitespaceResult};
use granit_parser::{ErrorKind, StrInput};

/// A text, read from its start.
pub(super) struct Text<'a> {
    text: &'a str,
    /// What has been passed over when `rest` began.
    before: usize,
    rest: StrInput<'a>,
}

impl<'a> Text<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, before: 0, rest: StrInput::new(text) }
    }

    fn at(&self) -> usize {
        self.before + self.rest.byte_offset().unwrap_or(0)
    }

    /// Passes over whole blocks of bytes that `continues` holds for, all of them ASCII, and returns
    /// them.
    fn take_run(&mut self, continues: impl Fn(u8) -> bool) -> &'a str {
        let at = self.at();
        let ahead = self.text.get(at..).unwrap_or_default();
        let (blocks, _) = ahead.as_bytes().as_chunks::<32>();
        // Without a way out of the middle of a block, the compiler makes one comparison of it.
        let whole = |block: &&[u8; 32]| block.iter().fold(true, |all, byte| all & continues(*byte));
        let length = blocks.iter().take_while(whole).count() * 32;
        let Some((run, rest)) = ahead.split_at_checked(length) else { return "" };
        if length > 0 {
            let promised = self.rest.buflen();
            self.before = at + length;
            self.rest = StrInput::new(rest);
            self.rest.lookahead(promised);
        }
        run
    }
}

/// Whether a byte goes on a plain scalar wherever it stands, between brackets too. Not all that do
/// are among them: a colon does if no blank follows.
fn continues_plain(byte: u8) -> bool {
    let bracket = (byte | 0x20 == b'{') | (byte | 0x20 == b'}');
    byte.is_ascii_graphic() & (byte != b':') & (byte != b',') & !bracket
}

/// Whether a byte goes on a scalar between quotes of either kind.
fn continues_quoted(byte: u8) -> bool {
    byte.is_ascii_graphic() & (byte != b'"') & (byte != b'\'') & (byte != b'\\')
}

/// Everything that the parser's input does in its own way, it does here.
macro_rules! as_the_parsers {
    ($($(#[$meta:meta])* fn $method:ident(&self $(, $argument:ident: $type:ty)*) -> $out:ty;)*) => {$(
        $(#[$meta])*
        #[inline]
        fn $method(&self $(, $argument: $type)*) -> $out {
            self.rest.$method($($argument),*)
        }
    )*};
    (mut $(fn $method:ident($($argument:ident: $type:ty),*) $(-> $out:ty)?;)*) => {$(
        #[inline]
        fn $method(&mut self $(, $argument: $type)*) $(-> $out)? {
            self.rest.$method($($argument),*)
        }
    )*};
}

impl Input for Text<'_> {
    as_the_parsers! {
        fn buflen(&self) -> usize;
        fn bufmaxlen(&self) -> usize;
        fn peek(&self) -> char;
        fn peek_nth(&self, n: usize) -> char;
        fn next_2_are(&self, first: char, second: char) -> bool;
        fn next_3_are(&self, first: char, second: char, third: char) -> bool;
        fn next_is_document_indicator(&self) -> bool;
        fn next_is_document_start(&self) -> bool;
        fn next_is_document_end(&self) -> bool;
        fn next_is_blank_or_break(&self) -> bool;
        fn next_is_blank_or_breakz(&self) -> bool;
        fn next_is_blank(&self) -> bool;
        fn next_is_break(&self) -> bool;
        fn next_is_breakz(&self) -> bool;
        fn next_is_z(&self) -> bool;
        fn next_is_flow(&self) -> bool;
        fn next_is_digit(&self) -> bool;
        fn next_is_alpha(&self) -> bool;
    }

    as_the_parsers! { mut
        fn lookahead(count: usize);
        fn raw_read_ch() -> char;
        fn raw_read_non_breakz_ch() -> Option<char>;
        fn skip();
        fn skip_n(count: usize);
        fn skip_ws_to_eol(tabs: SkipTabs) -> (usize, Result<WhitespaceResult, ErrorKind>);
        fn skip_ws_to_eol_blanks(tabs: SkipTabs) -> (usize, WhitespaceResult);
        fn skip_while_non_breakz() -> usize;
        fn skip_while_blank() -> usize;
        fn fetch_while_is_alpha(out: &mut String) -> usize;
        fn fetch_while_is_yaml_non_space(out: &mut String) -> usize;
        fn fetch_block_scalar_line(out: &mut String) -> usize;
        fn fetch_plain_scalar_chunk(out: &mut String, count: usize, in_flow: bool) -> (bool, usize);
    }

    #[inline]
    fn byte_offset(&self) -> Option<usize> {
        Some(self.at())
    }

    #[inline]
    fn slice_bytes(&self, start: usize, end: usize) -> Option<&str> {
        self.text.get(start..end)
    }

    fn skip_plain_scalar_chunk(&mut self, count: usize, in_flow: bool) -> (bool, usize) {
        let run = self.take_run(continues_plain).len();
        let (stops, after) = self.rest.skip_plain_scalar_chunk(count, in_flow);
        (stops, run + after)
    }

    fn take_quoted_scalar_ascii_chunk(&mut self, single: bool) -> &str {
        match self.take_run(continues_quoted) {
            "" => self.rest.take_quoted_scalar_ascii_chunk(single),
            run => run,
        }
    }

    fn take_quoted_scalar_chunk(&mut self, single: bool) -> (&str, usize) {
        match self.take_run(continues_quoted) {
            "" => self.rest.take_quoted_scalar_chunk(single),
            run => (run, run.len()),
        }
    }
}

impl<'a> BorrowedInput<'a> for Text<'a> {
    #[inline]
    fn slice_borrowed(&self, start: usize, end: usize) -> Option<&'a str> {
        self.text.get(start..end)
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::ToString;
    use alloc::vec::Vec;

    use granit_parser::Parser;

    use super::*;

    /// All that a parser says of a text, places included.
    fn told<'a>(input: impl BorrowedInput<'a>) -> Vec<String> {
        let mut parser = Parser::new(input);
        core::iter::from_fn(|| parser.next_event()).map(|event| format!("{event:?}")).collect()
    }

    /// Every byte that means something, at every place in and around a block of 32, in scalars of
    /// every style.
    #[test]
    fn a_parser_hears_the_same_as_from_its_own_input() {
        let frames = [("k: ", "\nl: m"), ("[", ", l]"), ("{k: ", "}"), ("\"", "\""), ("'", "'")];
        let odd = [
            "",
            ":",
            ": ",
            ":,",
            ",",
            "[",
            "]",
            "{",
            "}",
            "#",
            " #",
            " ",
            "\t",
            "\n ",
            "\r\n ",
            "\n",
            "\0",
            "\u{1}",
            "\u{7f}",
            "\u{85}",
            "\u{e9}",
            "\u{feff}",
            "\u{10000}",
            "\"",
            "'",
            "''",
            "\\",
            "\\n",
            "-",
            "---",
            "\n---\n",
            "\n...\n",
            "&a",
            "*a",
            "!",
            "|",
            "%",
            "@",
            "`",
            "~",
        ];
        let mut texts = 0;
        for (before, after) in frames {
            for odd in odd {
                for place in (0..=34).chain(62..=67) {
                    for tail in [0, 31, 70] {
                        let text =
                            [before, &"x".repeat(place), odd, &"y".repeat(tail), after].concat();
                        assert_eq!(told(Text::new(&text)), told(StrInput::new(&text)), "{text:?}");
                        texts += 1;
                    }
                }
            }
        }
        assert_eq!(texts, 5 * 40 * 41 * 3);
    }

    #[test]
    fn runs_are_whole_blocks_and_end_before_what_may_end_a_scalar() {
        let mut input = Text::new("");
        assert_eq!(input.take_run(continues_plain), "");
        let block = "A".repeat(32);
        let text = [&block, &block, "B: \u{e9}"].concat();
        let mut input = Text::new(&text);
        input.lookahead(5);
        assert_eq!(input.take_run(continues_plain).len(), 64);
        assert_eq!((input.byte_offset(), input.buflen(), input.peek()), (Some(64), 5, 'B'));
        assert_eq!(input.take_run(continues_plain), "");
        assert_eq!(input.slice_borrowed(60, 65).map(ToString::to_string), Some("AAAAB".into()));
    }
}
