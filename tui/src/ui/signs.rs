//! The signs that the panes draw with, in two sets: with and without Unicode.

use ratatui::symbols::border;

/// The signs that are drawn. Each is one cell wide.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names say what each is")]
pub struct Signs {
    pub local: &'static str,
    pub arrived: &'static str,
    pub star: &'static str,
    pub new_role: &'static str,
    pub client: &'static str,
    pub crash: &'static str,
    pub paused: &'static str,
    pub lost: &'static str,
    pub lane: &'static str,
    pub lane_down: &'static str,
    pub lane_unborn: &'static str,
    pub send_right: &'static str,
    pub send_left: &'static str,
    pub wire: &'static str,
    pub wire_lost: &'static str,
    pub crossing: &'static str,
    pub head_right: &'static str,
    pub head_left: &'static str,
    pub cut: &'static str,
    pub cursor: &'static str,
    pub future: &'static str,
    pub cursor_below: &'static str,
    pub to: &'static str,
    pub dot: &'static str,
    pub bar: &'static str,
    pub story: &'static str,
    pub good: &'static str,
    pub bad: &'static str,
    pub ellipsis: &'static str,
    pub more_left: &'static str,
    pub more_right: &'static str,
    pub is_paused: &'static str,
    pub is_playing: &'static str,
    pub caret: &'static str,
    pub span: [&'static str; 4],
    pub levels: [&'static str; 8],
    pub frame: border::Set<'static>,
    pub frame_focus: border::Set<'static>,
}

/// The signs where the terminal has them.
pub const UNICODE: Signs = Signs {
    local: "●",
    arrived: "◉",
    star: "★",
    new_role: "☆",
    client: "◇",
    crash: "✝",
    paused: "‖",
    lost: "✗",
    lane: "│",
    lane_down: "┊",
    lane_unborn: " ",
    send_right: "├",
    send_left: "┤",
    wire: "─",
    wire_lost: "╌",
    crossing: "┼",
    head_right: "▶",
    head_left: "◀",
    cut: "╳",
    cursor: "▸",
    future: "·",
    cursor_below: "▲",
    to: "→",
    dot: "·",
    bar: "│",
    story: "»",
    good: "✓",
    bad: "✗",
    ellipsis: "…",
    more_left: "‹",
    more_right: "›",
    is_paused: "‖",
    is_playing: "▶",
    caret: "▏",
    span: ["├", "─", "┤", "╌"],
    levels: ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
    frame: border::PLAIN,
    frame_focus: border::THICK,
};

/// The signs where it has letters only.
pub const ASCII: Signs = Signs {
    local: "o",
    arrived: "O",
    star: "*",
    new_role: "%",
    client: "<",
    crash: "+",
    paused: "=",
    lost: "X",
    lane: "|",
    lane_down: ":",
    lane_unborn: " ",
    send_right: "|",
    send_left: "|",
    wire: "-",
    wire_lost: ".",
    crossing: "+",
    head_right: ">",
    head_left: "<",
    cut: "X",
    cursor: ">",
    future: ".",
    cursor_below: "^",
    to: ">",
    dot: "-",
    bar: "|",
    story: ">",
    good: "+",
    bad: "X",
    ellipsis: "~",
    more_left: "<",
    more_right: ">",
    is_paused: "=",
    is_playing: ">",
    caret: "_",
    span: ["|", "-", "|", "."],
    levels: ["_", ".", ":", "-", "=", "+", "*", "#"],
    frame: ASCII_FRAME,
    frame_focus: ASCII_FRAME_FOCUS,
};

const ASCII_FRAME: border::Set<'static> = border::Set {
    top_left: "+",
    top_right: "+",
    bottom_left: "+",
    bottom_right: "+",
    vertical_left: "|",
    vertical_right: "|",
    horizontal_top: "-",
    horizontal_bottom: "-",
};

const ASCII_FRAME_FOCUS: border::Set<'static> =
    border::Set { horizontal_top: "=", horizontal_bottom: "=", ..ASCII_FRAME };

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ascii_signs_are_ascii() {
        let shown = format!("{ASCII:?}");
        assert!(shown.is_ascii(), "{shown}");
    }

    #[test]
    fn no_sign_is_drawn_wider_than_its_cell() {
        use unicode_width::UnicodeWidthStr as _;
        let all = [UNICODE.local, UNICODE.arrived, UNICODE.star, UNICODE.new_role, UNICODE.client];
        let more = [UNICODE.crash, UNICODE.paused, UNICODE.lost, UNICODE.cut, UNICODE.cursor];
        assert!(all.into_iter().chain(more).chain(UNICODE.levels).all(|sign| sign.width() == 1));
    }
}
