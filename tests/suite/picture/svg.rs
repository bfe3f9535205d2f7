//! Screens of a terminal as one animated SVG, and what its last one says. Where nothing moves, that one is seen.

use vt100::{Cell, Color, Screen};

/// How long a screen is shown, and the last one, in seconds.
const EACH: f64 = 0.6;
const LAST: f64 = 8.0;
/// The size of a cell.
const WIDTH: f64 = 8.4;
const HEIGHT: f64 = 19.0;
const MARGIN: f64 = 12.0;

/// A text of one colour, and the row and column at which it begins.
pub(super) type Run = (u16, u16, &'static str, String);

/// What is seen on a screen.
pub(super) fn runs(screen: &Screen) -> Vec<Run> {
    let (rows, columns) = screen.size();
    let mut runs: Vec<Run> = Vec::new();
    for row in 0..rows.get() {
        let mut next = 0;
        for column in 0..columns.get() {
            let Some(text) = screen.cell(row, column).map(Cell::contents).filter(|text| !text.trim().is_empty()) else {
                continue;
            };
            let class = class(screen.cell(row, column).map_or(Color::Default, Cell::fgcolor));
            match runs.last_mut() {
                // One blank does not part a text.
                Some(run) if run.0 == row && run.2 == class && column <= next + 1 => {
                    run.3 += &" ".repeat(usize::from(column - next));
                    run.3 += text;
                }
                _ => runs.push((row, column, class, text.to_owned())),
            }
            next = column + 1;
        }
    }
    runs
}

fn class(colour: Color) -> &'static str {
    match colour {
        Color::Idx(1) => "r",
        Color::Idx(3) => "y",
        Color::Idx(6) => "c",
        _ => "p",
    }
}

/// Draws the screens one after another, for ever.
pub(super) fn draw(screens: &[Vec<Run>], (rows, columns): (u16, u16)) -> String {
    let (width, height) = (f64::from(columns) * WIDTH + 2.0 * MARGIN, f64::from(rows) * HEIGHT + 2.0 * MARGIN);
    let before = screens.len() - 1;
    let total = EACH * before as f64 + LAST;
    let mut frames = String::new();
    let mut moves = String::new();
    for (number, runs) in screens.iter().enumerate() {
        let percent = |number: usize| 100.0 * EACH * number as f64 / total;
        let from = if number == 0 { "" } else { "0%{visibility:hidden}" };
        let to =
            if number == before { String::new() } else { format!("{:.2}%{{visibility:hidden}}", percent(number + 1)) };
        moves += &format!(
            "@keyframes k{number}{{{from}{:.2}%{{visibility:visible}}{to}}}#f{number}{{animation-name:k{number}}}\n",
            percent(number)
        );
        frames += &format!("<g id=\"f{number}\">\n{}</g>\n", runs.iter().map(text).collect::<String>());
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" height=\"{height:.0}\">
<style>
text{{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;white-space:pre}}
.p{{fill:#d4d4d4}}.c{{fill:#4ec9b0}}.y{{fill:#dcb862}}.r{{fill:#f48771}}
g{{visibility:hidden;animation:{total:.1}s step-end infinite}}
#f{before}{{visibility:visible}}
{moves}@media(prefers-reduced-motion:reduce){{g{{animation:none}}}}
</style>
<rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"#1e1e1e\"/>
{frames}</svg>
"
    )
}

/// Its length is given, so that columns are columns in every font.
fn text((row, column, class, text): &Run) -> String {
    let (x, y) = (MARGIN + f64::from(*column) * WIDTH, MARGIN + f64::from(*row) * HEIGHT + 14.0);
    let length = text.chars().count() as f64 * WIDTH;
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    format!("<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.0}\" textLength=\"{length:.1}\">{text}</text>\n")
}

/// What the last screen of a drawing says, line by line: one that is too long goes on in the next row.
pub(super) fn said(drawing: &str, columns: u16) -> Vec<String> {
    let last = drawing.rsplit("<g id=").next().unwrap_or_default();
    let (mut lines, mut at, mut goes_on): (Vec<String>, &str, bool) = (Vec::new(), "", false);
    for text in last.split("<text ").skip(1) {
        let value = |name: &str| text.split(name).nth(1).and_then(|rest| rest.split('"').nth(1)).unwrap_or_default();
        let words = text.split_once('>').and_then(|(_, rest)| rest.split_once("</text>")).unwrap_or_default().0;
        match lines.last_mut() {
            Some(line) if goes_on => line.push_str(words),
            Some(line) if value("y=") == at => line.extend([" ", words]),
            _ => lines.push(words.to_owned()),
        }
        at = value("y=");
        let end = [value("x="), value("textLength=")].map(|number| number.parse::<f64>().unwrap()).iter().sum::<f64>();
        goes_on = end > MARGIN + f64::from(columns) * WIDTH - WIDTH / 2.0;
    }
    lines.iter().map(|line| line.replace("&lt;", "<").replace("&amp;", "&")).collect()
}
