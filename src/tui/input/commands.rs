//! The table of commands: what each is called, where it is at home, its keys, its hint, and how
//! the command line does the same.

use super::keymap::Layer::{
    self, Auctions, Bid, BidForm, Bracket, Confirm, Detail, Filter, Global, Help, Log, NewSession,
    Nodes, Palette,
};

/// One row of the table.
#[derive(Debug)]
pub struct Row {
    /// What it does, for the program.
    pub command: Command,
    /// Where it counts.
    pub layers: &'static [Layer],
    /// Its keys, unless a file says otherwise.
    pub keys: &'static [&'static str],
    /// Its word in the hints at the foot; empty: on the page of keys only.
    pub hint: &'static str,
    /// What it does, for people.
    pub about: &'static str,
    /// How the command line does it.
    pub cli: Cli,
    /// Whether it may not be left without a key.
    pub needed: bool,
    name: &'static str,
}

/// How the command line does what a command does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cli {
    /// By this command.
    Same(&'static str),
    /// It moves about on the screen, or changes how it looks; this command prints what it shows.
    Shows(&'static str),
}

impl Cli {
    /// The command.
    pub const fn command(self) -> &'static str {
        match self {
            Self::Same(command) | Self::Shows(command) => command,
        }
    }
}

impl Row {
    /// Its name in the palette and in the file of keys.
    pub const fn name(&self) -> &'static str {
        self.name
    }
}

macro_rules! commands {
    ($($(#[$doc:meta])* $command:ident = $name:literal, $layers:expr, $keys:expr, $hint:literal,
        $about:literal, $kind:ident $cli:literal $(, $needed:ident)?;)*) => {
        /// What a key or the palette can ask for.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum Command {
            $($(#[$doc])* $command,)*
        }

        /// Every command, in the order of hints and help.
        pub static ROWS: &[Row] = &[
            $(Row {
                command: Command::$command,
                layers: &$layers,
                keys: &$keys,
                hint: $hint,
                about: $about,
                cli: Cli::$kind($cli),
                needed: false $(|| !stringify!($needed).is_empty())?,
                name: $name,
            },)*
        ];
    };
}

commands! {
    /// Open a draft for bids.
    Open = "open", [Auctions, Detail], ["o"], "open",
        "Open the draft for bids", Same "gavel session open SESSION";
    /// End bidding.
    Close = "close", [Auctions, Detail, Bracket], ["c"], "close",
        "End bidding now and compute the outcome", Same "gavel session close SESSION";
    /// Bid in the selected auction.
    BidHere = "bid", [Auctions, Detail], ["b"], "bid",
        "Bid in this auction", Same "gavel bid SESSION";
    /// Begin to bid.
    EditBid = "edit-bid", [Bid], ["enter", "b"], "write a bid",
        "Write a bid for this auction, or replace the one that is in", Same "gavel bid SESSION";
    /// Send the envelope again.
    Resend = "resend-bid", [Bid], ["s"], "send again",
        "Send the latest envelope again to the nodes whose receipt is missing",
        Same "gavel bid SESSION --resend";
    /// Hand the bid in.
    SendBid = "send-bid", [BidForm], ["enter"], "hand in",
        "Seal the bid and hand it in to every node", Same "gavel bid SESSION", needed;
    /// Show or hide the amount.
    Reveal = "reveal", [BidForm], ["f2", "ctrl-r"], "show amount",
        "Show the amount as typed, or hide it again", Same "gavel bid SESSION";
    /// Leave the form.
    LeaveForm = "leave-form", [BidForm], ["esc"], "leave",
        "Leave the form and forget what was typed", Shows "gavel receipt list", needed;
    /// A new session.
    New = "new", [Auctions], ["n"], "new",
        "Write a new session, from a file or in a form", Same "gavel session new FILE";
    /// See the bracket of the selected auction.
    ShowBracket = "show-bracket", [Auctions, Detail, Bid], ["v"], "bracket",
        "Watch the computation or see the result", Shows "gavel session watch SESSION";
    /// Go to the detail.
    Enter = "detail", [Auctions], ["enter", "right"], "detail",
        "Go to the auction's detail and its grid of receipts", Shows "gavel session show SESSION";
    /// Back to the list.
    Back = "back", [Detail], ["esc", "left"], "back",
        "Back to the list", Shows "gavel session list", needed;
    /// Filter.
    Filter = "filter", [Auctions, Log], ["/"], "filter",
        "Show only what matches", Shows "gavel session list --phase PHASE";
    /// Sort.
    Sort = "sort", [Auctions], ["s"], "sort",
        "Sort by another column", Shows "gavel session list";
    /// Sort the other way round.
    SortBack = "reverse", [Auctions], ["S"], "",
        "Sort the other way round", Shows "gavel session list";
    /// Try again.
    Retry = "retry", [Auctions, Detail, Bracket], ["t"], "try again",
        "Try a failed session again with the nodes that are there",
        Same "gavel session retry SESSION";
    /// Call off.
    Cancel = "cancel", [Auctions, Detail], ["x"], "call off",
        "Call the session off; no bid in it will count", Same "gavel session cancel SESSION";
    /// The session before.
    Previous = "previous", [Bracket], ["left", "p"], "other auction",
        "The auction before this one", Shows "gavel session list";
    /// The session after.
    Following = "next", [Bracket], ["right", "n"], "",
        "The auction after this one", Shows "gavel session list";
    /// Write the record.
    Record = "record", [Bracket, Detail], ["w"], "write record",
        "Write everything public about it to a file that anyone can check",
        Same "gavel session show SESSION --record FILE";
    /// Follow the end of the log.
    Follow = "follow", [Log], ["f"], "follow",
        "Follow the newest lines, or stay where you are", Shows "gavel session watch SESSION";
    /// Levels of the log.
    Level = "level", [Log], ["l"], "level",
        "Show more or fewer kinds of lines", Shows "gavel session watch SESSION";
    /// Only the selected session in the log.
    OnlySelected = "only-selected", [Log], ["o"], "this auction only",
        "Show only lines of the selected auction, or all",
        Shows "gavel session watch SESSION";
    /// A row up.
    Up = "up", [Auctions, Detail, Bracket, Nodes, Bid, Log, Help], ["up", "k"], "",
        "A row up", Shows "gavel session list";
    /// A row down.
    Down = "down", [Auctions, Detail, Bracket, Nodes, Bid, Log, Help], ["down", "j"], "",
        "A row down", Shows "gavel session list";
    /// A page up.
    PageUp = "page-up", [Auctions, Detail, Bid, Log, Help], ["pgup", "ctrl-b"], "",
        "A page up", Shows "gavel session list";
    /// A page down.
    PageDown = "page-down", [Auctions, Detail, Bid, Log, Help], ["pgdn", "ctrl-f"], "",
        "A page down", Shows "gavel session list";
    /// To the top.
    Top = "top", [Auctions, Detail, Bid, Log, Help], ["home", "g"], "",
        "To the top", Shows "gavel session list";
    /// To the bottom.
    Bottom = "bottom", [Auctions, Detail, Bid, Log, Help], ["end", "G"], "",
        "To the bottom", Shows "gavel session list";
    /// Yes.
    Yes = "yes", [Confirm], ["y"], "yes",
        "Do it", Same "gavel session cancel SESSION --yes", needed;
    /// No.
    No = "no", [Confirm], ["n", "esc", "q"], "no",
        "Leave everything as it is", Shows "gavel session list", needed;
    /// The next field.
    NextField = "next-field", [NewSession], ["tab", "down"], "next field",
        "The next field", Same "gavel session new FILE";
    /// The field before.
    PreviousField = "previous-field", [NewSession], ["shift-tab", "up"], "",
        "The field before", Same "gavel session new FILE";
    /// Change a choice.
    Change = "change", [NewSession], ["right", "ctrl-n"], "change",
        "Change a choice to its next value, as far as the field is one",
        Same "gavel session new FILE";
    /// Write the session.
    Submit = "submit", [NewSession], ["enter", "ctrl-s"], "write",
        "Write the session; in the field for a file, read it",
        Same "gavel session new FILE --open", needed;
    /// Leave the form of a session.
    Discard = "discard", [NewSession], ["esc"], "leave",
        "Leave the form; nothing is written", Shows "gavel session list", needed;
    /// Run the palette's choice.
    Run = "run", [Palette], ["enter"], "run",
        "Do what is selected", Shows "gavel --help", needed;
    /// The palette's choice before.
    ChoiceUp = "choice-up", [Palette], ["up", "ctrl-p"], "",
        "The choice above", Shows "gavel --help";
    /// The palette's next choice.
    ChoiceDown = "choice-down", [Palette], ["down", "ctrl-n", "tab"], "choose",
        "The choice below", Shows "gavel --help";
    /// Leave the palette.
    LeavePalette = "leave-palette", [Palette], ["esc"], "leave",
        "Leave the palette", Shows "gavel --help", needed;
    /// Keep the filter.
    KeepFilter = "keep-filter", [Filter], ["enter", "down"], "keep",
        "Keep the filter and go to the list", Shows "gavel session list --phase PHASE", needed;
    /// Drop the filter.
    DropFilter = "drop-filter", [Filter], ["esc"], "drop",
        "Show everything again", Shows "gavel session list", needed;
    /// Leave the page of keys.
    LeaveHelp = "leave-help", [Help], ["esc", "?", "q"], "leave",
        "Leave this page", Shows "gavel --help", needed;
    /// The first screen.
    Screen1 = "auctions", [Global], ["1"], "",
        "The auctions", Shows "gavel session list";
    /// The second screen.
    Screen2 = "bracket", [Global], ["2"], "",
        "The tournament and the result", Shows "gavel session watch SESSION";
    /// The third screen.
    Screen3 = "nodes", [Global], ["3"], "",
        "The nodes and their links", Shows "gavel roster show";
    /// The fourth screen.
    Screen4 = "bids", [Global], ["4"], "",
        "Your bids", Shows "gavel receipt list";
    /// The fifth screen.
    Screen5 = "log", [Global], ["5"], "",
        "What happened", Shows "gavel session watch SESSION";
    /// The next screen.
    NextScreen = "next-screen", [Global, BidForm], ["tab"], "",
        "The next screen", Shows "gavel session list";
    /// The screen before.
    PreviousScreen = "previous-screen", [Global, BidForm], ["shift-tab"], "",
        "The screen before", Shows "gavel session list";
    /// The page of keys.
    Keys = "keys", [Global], ["?", "f1"], "keys",
        "Every key on this screen, and what it does", Shows "gavel --help", needed;
    /// The palette.
    Commands = "palette", [Global], [":", "ctrl-p"], "commands",
        "Find a command by its name", Shows "gavel --help", needed;
    /// Stop the display.
    Pause = "pause", [Global], ["space"], "pause",
        "Stop the display; everything else goes on", Shows "gavel session list";
    /// One pane only.
    Enlarge = "enlarge", [Global], ["z"], "",
        "Give the whole screen to the pane that has the keys, or share it again",
        Shows "gavel session show SESSION";
    /// Hide names.
    Mask = "mask", [Global], ["m"], "",
        "Hide bidders' names, to share the screen", Shows "gavel session list";
    /// Copy.
    Copy = "copy", [Global], ["y"], "copy",
        "Copy the selected id, or the receipt on the bid's screen; works over SSH",
        Shows "gavel receipt show SESSION";
    /// Ask the servers again.
    Refresh = "refresh", [Global], ["f5", "ctrl-r"], "",
        "Ask coordinator and nodes again at once", Shows "gavel session list";
    /// Another theme.
    NextTheme = "theme", [Global], ["T"], "",
        "Another theme: dark, light, high contrast, no colour", Shows "gavel tui --theme THEME";
    /// Draw all again.
    Redraw = "redraw", [Global], ["ctrl-l"], "",
        "Draw the whole screen again", Shows "gavel tui";
    /// To the shell.
    Suspend = "suspend", [Global, BidForm, Palette, Filter, Help, Confirm, NewSession], ["ctrl-z"],
        "", "To the shell; `fg` comes back", Shows "gavel tui";
    /// Leave.
    Quit = "quit", [Global], ["q"], "quit",
        "Leave the program", Shows "gavel tui", needed;
    /// Leave from anywhere.
    Leave = "leave", [Global, BidForm, Palette, Filter, Help, Confirm, NewSession], ["ctrl-c"], "",
        "Leave the program, from anywhere", Shows "gavel tui", needed;
}

impl Command {
    /// Its row.
    pub fn row(self) -> &'static Row {
        // The table is made from the same list as the enum, in its order.
        ROWS.get(self as usize).unwrap_or(&ROWS[0])
    }

    /// The layer whose keys are named for it.
    pub fn home(self) -> Layer {
        self.row().layers.first().copied().unwrap_or(Global)
    }
}
