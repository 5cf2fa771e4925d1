//! The six screens, and what drawing them finds out: where things are, and how far lists have
//! scrolled.

use ratatui::layout::Rect;

use crate::tui::input::commands::{Command, GlobalCommand};

/// The six screens.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Screen {
    /// The auctions and one's detail.
    Auctions,
    /// The tournament and the result.
    Bracket,
    /// The nodes.
    Nodes,
    /// One's own bids.
    Bid,
    /// The log.
    Log,
    /// Accounts and invitations, for the coordinator's operators.
    People,
}

impl Screen {
    /// In the order of the tabs.
    pub const ALL: [Self; 6] =
        [Self::Auctions, Self::Bracket, Self::Nodes, Self::Bid, Self::Log, Self::People];

    /// Its tab.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Auctions => "Auctions",
            Self::Bracket => "Bracket",
            Self::Nodes => "Nodes",
            Self::Bid => "Bid",
            Self::Log => "Log",
            Self::People => "People",
        }
    }

    /// What brings it up.
    pub const fn command(self) -> GlobalCommand {
        match self {
            Self::Auctions => GlobalCommand::Auctions,
            Self::Bracket => GlobalCommand::Bracket,
            Self::Nodes => GlobalCommand::Nodes,
            Self::Bid => GlobalCommand::Bids,
            Self::Log => GlobalCommand::Log,
            Self::People => GlobalCommand::People,
        }
    }
}

/// Lists that scroll.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum List {
    /// The sessions.
    Sessions,
    /// The grid of receipts.
    Grid,
    /// The auctions to bid in.
    Bids,
    /// The log.
    Log,
    /// The page of keys.
    Help,
    /// The palette's choices.
    Palette,
    /// The rows of a record.
    Audit,
    /// The nodes.
    Nodes,
    /// The links of the selected node.
    Links,
    /// Accounts and invitations.
    People,
    /// The questions of a survey, as they are answered.
    Answers,
    /// The results of a survey, or the steps of a job.
    Results,
    /// The variables that stay at the nodes.
    Variables,
    /// The models.
    Models,
    /// The batches of one.
    Batches,
    /// The steps of a job that is to be let run.
    Signed,
}

/// How many [`List`]s there are.
pub const LISTS: usize = 16;

/// What a click means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Hit {
    /// A tab.
    Tab(Screen),
    /// A row of a list.
    Row(List, usize),
    /// A list beside its rows, for the wheel.
    Within(List),
    /// A hint at the foot.
    Hint(Command),
}

/// What drawing finds out: where things are, and how far lists have scrolled.
#[derive(Clone, Debug, Default)]
pub struct Drawn {
    /// What can be clicked; later ones lie above earlier ones.
    pub hits: Vec<(Rect, Hit)>,
    /// First row shown, by list.
    pub offsets: [usize; LISTS],
    /// Rows shown, by list.
    pub heights: [usize; LISTS],
}
