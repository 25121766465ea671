//! The revision graph as lines of text, the latest revision first.

/// Lines that lead from revisions to those they build on.
///
/// Each lane is a column that waits for a revision to be drawn; lanes that wait for the same one meet at it.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    waiting: Vec<Option<usize>>,
}

/// What stands before the text of one revision.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Drawn {
    /// A line above it, where lanes meet.
    pub(super) above: Option<String>,
    /// Before its text; the mark is at the `{}`.
    pub(super) before: String,
    pub(super) after_mark: String,
    /// A line below it, where lanes part.
    pub(super) below: Option<String>,
    /// Before further lines of its text.
    pub(super) beside: String,
}

impl Lanes {
    /// Draws a revision, by its position, and those it builds on.
    pub(super) fn draw(&mut self, position: usize, parents: &[usize]) -> Drawn {
        let mine: Vec<usize> = (0..self.waiting.len())
            .filter(|lane| self.waiting[*lane] == Some(position))
            .collect();
        let lane = match mine.first() {
            Some(lane) => *lane,
            None => self.open(0, position),
        };
        let above = (mine.len() > 1).then(|| self.connector(lane, &mine[1..], ['╯', '┴']));
        for closed in mine.iter().skip(1) {
            self.waiting[*closed] = None;
        }
        self.trim();
        let (before, after_mark) = (
            self.lines(0..lane),
            self.lines(lane + 1..self.waiting.len()),
        );
        self.waiting[lane] = parents.first().copied();
        let mut opened = Vec::new();
        for parent in parents.iter().skip(1) {
            opened.push(self.open(lane + 1, *parent));
        }
        opened.sort_unstable();
        let below = (!opened.is_empty()).then(|| self.connector(lane, &opened, ['╮', '┬']));
        self.trim();
        Drawn {
            above,
            before,
            after_mark,
            below,
            beside: self.lines(0..self.waiting.len()),
        }
    }

    /// The first free lane from one on.
    fn open(&mut self, from: usize, position: usize) -> usize {
        let free = (from..self.waiting.len()).find(|lane| self.waiting[*lane].is_none());
        let lane = free.unwrap_or_else(|| {
            self.waiting.resize(self.waiting.len().max(from) + 1, None);
            self.waiting.len() - 1
        });
        self.waiting[lane] = Some(position);
        lane
    }

    fn trim(&mut self) {
        while self.waiting.last() == Some(&None) {
            self.waiting.pop();
        }
    }

    fn lines(&self, lanes: std::ops::Range<usize>) -> String {
        lanes
            .filter_map(|lane| self.waiting.get(lane))
            .map(|waits| if waits.is_some() { "│ " } else { "  " })
            .collect()
    }

    /// From one lane to others on its right, over those in between.
    fn connector(&self, lane: usize, to: &[usize], [last, middle]: [char; 2]) -> String {
        let end = to.last().copied().unwrap_or(lane);
        let mut line = String::new();
        for column in 0..self.waiting.len() {
            let waits = self.waiting[column].is_some();
            line.push(match column {
                _ if column == lane => '├',
                _ if column == end => last,
                _ if to.contains(&column) => middle,
                _ if column > lane && column < end => {
                    if waits {
                        '┼'
                    } else {
                        '─'
                    }
                }
                _ if waits => '│',
                _ => ' ',
            });
            line.push(if column >= lane && column < end {
                '─'
            } else {
                ' '
            });
        }
        line.trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawing(graph: &[(usize, &[usize])]) -> String {
        let mut lanes = Lanes::default();
        let mut lines = Vec::new();
        for (position, parents) in graph {
            let drawn = lanes.draw(*position, parents);
            lines.extend(drawn.above);
            lines.push(format!("{}* {}{position}", drawn.before, drawn.after_mark));
            lines.extend(drawn.below);
        }
        lines.join("\n")
    }

    #[test]
    fn a_line_is_a_list() {
        assert_eq!(drawing(&[(2, &[1]), (1, &[0]), (0, &[])]), "* 2\n* 1\n* 0");
    }

    #[test]
    fn a_diamond_parts_and_meets() {
        let graph: [(usize, &[usize]); 5] =
            [(4, &[2, 3]), (3, &[1]), (2, &[1]), (1, &[0]), (0, &[])];
        assert_eq!(drawing(&graph), "* 4\n├─╮\n│ * 3\n* │ 2\n├─╯\n* 1\n* 0");
    }

    #[test]
    fn heads_beginnings_and_crossings() {
        let graph: [(usize, &[usize]); 8] = [
            (7, &[4]),
            (6, &[5]),
            (5, &[1, 4, 2]),
            (4, &[1]),
            (3, &[]),
            (2, &[]),
            (1, &[0]),
            (0, &[]),
        ];
        assert_eq!(
            drawing(&graph),
            "* 7\n│ * 6\n│ * 5\n│ ├─┬─╮\n├─┼─╯ │\n* │   │ 4\n│ │ * │ 3\n│ │   * 2\n├─╯\n* 1\n* 0"
        );
    }
}
