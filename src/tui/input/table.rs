//! The table of commands: what each is called, where it is at home, its keys, its hint, and how
//! the command line does the same.

use super::commands::{
    AnswerFormCommand, ApprovalCommand, AuditCommand, BatchesCommand, BidFormCommand, BidsCommand,
    CodeCommand, Command, ConfirmCommand, FilterCommand, GlobalCommand, HelpCommand, InviteCommand,
    ListCommand, LogCommand, LoginCommand, ModelsCommand, Move, NewSessionCommand, PaletteCommand,
    PathCommand, PeopleCommand, PrintsCommand, Step, VariablesCommand,
};
use super::layer::Layer::{
    self, AnswerForm, Approval, Auctions, Audit, Batches, Bid, BidForm, Bracket, Code, Confirm,
    Detail, Filter, Global, Help, Invite, Log, Login, Models, NewSession, Nodes, Palette, Path,
    People, Prints, Variables,
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
    /// The command that does the same, if one does.
    pub const fn same(self) -> Option<&'static str> {
        match self {
            Self::Same(command) => Some(command),
            Self::Shows(_) => None,
        }
    }

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

/// The command of a row.
macro_rules! command {
    (Step $command:ident) => {
        Command::Step(Step::$command)
    };
    (List $command:ident) => {
        Command::List(ListCommand::$command)
    };
    (Bids $command:ident) => {
        Command::Bids(BidsCommand::$command)
    };
    (BidForm $command:ident) => {
        Command::BidForm(BidFormCommand::$command)
    };
    (AnswerForm $command:ident) => {
        Command::AnswerForm(AnswerFormCommand::$command)
    };
    (Log $command:ident) => {
        Command::Log(LogCommand::$command)
    };
    (People $command:ident) => {
        Command::People(PeopleCommand::$command)
    };
    (Invite $command:ident) => {
        Command::Invite(InviteCommand::$command)
    };
    (Code $command:ident) => {
        Command::Code(CodeCommand::$command)
    };
    (Move $command:ident) => {
        Command::Move(Move::$command)
    };
    (Confirm $command:ident) => {
        Command::Confirm(ConfirmCommand::$command)
    };
    (NewSession $command:ident) => {
        Command::NewSession(NewSessionCommand::$command)
    };
    (Audit $command:ident) => {
        Command::Audit(AuditCommand::$command)
    };
    (Variables $command:ident) => {
        Command::Variables(VariablesCommand::$command)
    };
    (Models $command:ident) => {
        Command::Models(ModelsCommand::$command)
    };
    (Batches $command:ident) => {
        Command::Batches(BatchesCommand::$command)
    };
    (Approval $command:ident) => {
        Command::Approval(ApprovalCommand::$command)
    };
    (Path $command:ident) => {
        Command::Path(PathCommand::$command)
    };
    (Prints $command:ident) => {
        Command::Prints(PrintsCommand::$command)
    };
    (Login $command:ident) => {
        Command::Login(LoginCommand::$command)
    };
    (Palette $command:ident) => {
        Command::Palette(PaletteCommand::$command)
    };
    (Filter $command:ident) => {
        Command::Filter(FilterCommand::$command)
    };
    (Help $command:ident) => {
        Command::Help(HelpCommand::$command)
    };
    (Global $command:ident) => {
        Command::Global(GlobalCommand::$command)
    };
}

/// The rows in the order written, and each command's own row. A command without a row does not
/// compile, nor does a row without a command.
macro_rules! table {
    ($($layer:ident $command:ident = $name:literal, $layers:expr, $keys:expr, $hint:literal,
        $about:literal, $kind:ident $cli:literal $(, $needed:ident)?;)*) => {
        /// Every command, in the order of hints and help.
        pub static ROWS: &[&Row] = &[$(command!($layer $command).row(),)*];

        impl Command {
            /// Its row.
            pub const fn row(self) -> &'static Row {
                match self {
                    $(command!($layer $command) => const {
                        &Row {
                            command: command!($layer $command),
                            layers: &$layers,
                            keys: &$keys,
                            hint: $hint,
                            about: $about,
                            cli: Cli::$kind($cli),
                            needed: false $(|| !stringify!($needed).is_empty())?,
                            name: $name,
                        }
                    },)*
                }
            }
        }
    };
}

table! {
    Step Open = "open", [Auctions, Detail], ["o"], "open",
        "Open the draft for bids", Same "gavel session open SESSION";
    Step Close = "close", [Auctions, Detail, Bracket], ["c"], "close",
        "End bidding now and compute the outcome", Same "gavel session close SESSION";
    List Bid = "bid", [Auctions, Detail], ["b"], "bid",
        "Bid in this auction", Same "gavel bid SESSION";
    Bids Edit = "edit-bid", [Bid], ["enter", "b"], "write a bid",
        "Write a bid for this auction, or replace the one that is in", Same "gavel bid SESSION";
    Bids Resend = "resend-bid", [Bid], ["s"], "send again",
        "Send the latest envelope again to the nodes whose receipt is missing",
        Same "gavel bid SESSION --resend";
    BidForm Send = "send-bid", [BidForm], ["enter"], "hand in",
        "Seal the bid and hand it in to every node", Same "gavel bid SESSION", needed;
    BidForm Reveal = "reveal", [BidForm], ["f2", "ctrl-r"], "show amount",
        "Show the amount as typed, or hide it again", Shows "gavel bid SESSION";
    BidForm Leave = "leave-form", [BidForm], ["esc"], "leave",
        "Leave the form and forget what was typed", Shows "gavel receipt list", needed;
    AnswerForm Send = "send-answers", [AnswerForm], ["enter"], "next, hand in",
        "To the first answer that is missing or wrong; where all are right, seal them and hand them in",
        Same "gavel survey answer SESSION", needed;
    AnswerForm Next = "next-answer", [AnswerForm], ["tab", "down"], "next",
        "The next question", Shows "gavel survey answer SESSION";
    AnswerForm Previous = "previous-answer", [AnswerForm], ["shift-tab", "up"], "",
        "The question before", Shows "gavel survey answer SESSION";
    AnswerForm Change = "next-cohort", [AnswerForm], ["right"], "",
        "The next cohort, where one is chosen", Shows "gavel survey answer SESSION";
    AnswerForm ChangeBack = "previous-cohort", [AnswerForm], ["left"], "",
        "The cohort before, where one is chosen", Shows "gavel survey answer SESSION";
    AnswerForm Reveal = "reveal-answers", [AnswerForm], ["f2", "ctrl-r"], "hide",
        "Hide the answers, or show them as typed", Shows "gavel survey answer SESSION";
    AnswerForm Leave = "leave-answers", [AnswerForm], ["esc"], "leave",
        "Leave the form and forget what was typed", Shows "gavel receipt list", needed;
    List New = "new", [Auctions], ["n"], "new",
        "Write a new session, from a file or in a form", Same "gavel session new FILE";
    List Edit = "edit-draft", [Auctions, Detail], ["e"], "",
        "Write other terms into the draft", Same "gavel session edit SESSION FILE";
    List ShowBracket = "show-bracket", [Auctions, Detail, Bid], ["v"], "bracket",
        "Watch the computation or see the result", Shows "gavel session watch SESSION";
    List Enter = "detail", [Auctions], ["enter", "right"], "detail",
        "Go to the auction's detail and its grid of receipts", Shows "gavel session show SESSION";
    List Back = "back", [Detail], ["esc", "left"], "back",
        "Back to the list, or leave the filter of bidders", Shows "gavel session list", needed;
    List Filter = "filter", [Auctions, Detail, Log, People], ["/"], "filter",
        "Show only what matches: auctions, the bidders of one, people",
        Shows "gavel session list --phase PHASE";
    List ShowAll = "show-all", [Auctions, Log, People], ["esc"], "",
        "Leave the filter: show everything again", Shows "gavel session list";
    List Sort = "sort", [Auctions], ["s"], "sort",
        "Sort by another column", Shows "gavel session list";
    List Reverse = "reverse", [Auctions], ["S"], "",
        "Sort the other way round", Shows "gavel session list";
    Step Retry = "retry", [Auctions, Detail, Bracket], ["t"], "try again",
        "Try a failed session again with the nodes that are there",
        Same "gavel session retry SESSION";
    Step Cancel = "cancel", [Auctions, Detail], ["x"], "call off",
        "Call the session off; no bid in it will count", Same "gavel session cancel SESSION";
    Step Pause = "pause-bidding", [Auctions, Detail], ["p"], "",
        "Take no bids for a while; those that are in count", Same "gavel session pause SESSION";
    Step Resume = "resume-bidding", [Auctions, Detail], ["r"], "",
        "Let bids come in again after a pause", Same "gavel session resume SESSION";
    List Previous = "previous", [Bracket], ["p"], "other auction",
        "The auction before this one", Shows "gavel session list";
    List Next = "next", [Bracket], ["n"], "",
        "The auction after this one", Shows "gavel session list";
    List Earlier = "earlier", [Bracket], ["left"], "step back",
        "Look back at how it was computed: the step before", Shows "gavel session show SESSION";
    List Later = "later", [Bracket], ["right"], "",
        "The step after; after the last one, the result", Shows "gavel session show SESSION";
    List Result = "result", [Bracket], ["esc"], "",
        "From looking back to the result", Shows "gavel session show SESSION";
    List Record = "record", [Bracket, Detail], ["w"], "write record",
        "Write everything public about it to a file that anyone can check",
        Same "gavel session show SESSION --record FILE";
    List Table = "write-table", [Bracket], ["e"], "write CSV",
        "Write the result as a table to a file, for spreadsheets",
        Same "gavel survey results SESSION --csv FILE";
    List Audit = "check", [Bracket, Detail, Bid], ["a"], "check record",
        "Check every signature of the record here, and what became of your receipts",
        Same "gavel verify FILE";
    List Approve = "approve", [Auctions, Detail, Bracket], ["A"], "let it run",
        "See the signed steps of a job that waits for your word, and let it run at your node",
        Same "gavel job approve JOB";
    Log Follow = "follow", [Log], ["f"], "follow",
        "Follow the newest lines, or stay where you are", Shows "gavel session watch SESSION";
    Log Level = "level", [Log], ["l"], "level",
        "Show more or fewer kinds of lines", Shows "gavel session watch SESSION";
    Log OnlySelected = "only-selected", [Log], ["o"], "this auction only",
        "Show only lines of the selected auction, or all",
        Shows "gavel session watch SESSION";
    People Invite = "invite", [People], ["i"], "invite",
        "Make an invitation: a code that makes one bidder's account, shown once",
        Same "gavel invite --from FILE";
    People Revoke = "revoke", [People], ["x"], "take back",
        "Take the selected invitation back: its code makes no account any more",
        Same "gavel invite --revoke WHICH";
    People RevokeUnused = "revoke-unused", [People], ["X"], "",
        "Take every invitation back that nobody has used", Same "gavel invite --revoke-unused";
    People Disable = "disable", [People], ["d"], "disable",
        "Disable the selected account: its logins end", Same "gavel account disable NAME";
    People Enable = "enable", [People], ["e"], "enable",
        "Enable the selected account again", Same "gavel account enable NAME";
    Move Up = "up", [Auctions, Detail, Bracket, Nodes, Bid, Log, People, Help, Audit, Variables, Models, Batches, Approval], ["up", "k"], "",
        "A row up", Shows "gavel session list";
    Move Down = "down", [Auctions, Detail, Bracket, Nodes, Bid, Log, People, Help, Audit, Variables, Models, Batches, Approval], ["down", "j"], "",
        "A row down", Shows "gavel session list";
    Move PageUp = "page-up", [Auctions, Detail, Bracket, Nodes, Bid, Log, People, Help, Audit, Variables, Models, Batches, Approval], ["pgup", "ctrl-b"], "",
        "A page up; on the screen of nodes, of the links", Shows "gavel session list";
    Move PageDown = "page-down", [Auctions, Detail, Bracket, Nodes, Bid, Log, People, Help, Audit, Variables, Models, Batches, Approval], ["pgdn", "ctrl-f"], "",
        "A page down; on the screen of nodes, of the links", Shows "gavel session list";
    Move Top = "top", [Auctions, Detail, Bracket, Bid, Log, People, Help, Audit, Variables, Models, Batches, Approval], ["home", "g"], "",
        "To the top", Shows "gavel session list";
    Move Bottom = "bottom", [Auctions, Detail, Bracket, Bid, Log, People, Help, Audit, Variables, Models, Batches, Approval], ["end", "G"], "",
        "To the bottom", Shows "gavel session list";
    Confirm Yes = "yes", [Confirm], ["y"], "yes",
        "Do it", Shows "gavel session cancel SESSION --yes", needed;
    Confirm No = "no", [Confirm], ["n", "esc", "q"], "no",
        "Leave everything as it is", Shows "gavel session list", needed;
    NewSession NextField = "next-field", [NewSession], ["tab", "down"], "next field",
        "The next field", Shows "gavel session new FILE";
    NewSession PreviousField = "previous-field", [NewSession], ["shift-tab", "up"], "",
        "The field before", Shows "gavel session new FILE";
    NewSession Change = "change", [NewSession], ["right", "ctrl-n"], "change",
        "Change a choice to its next value, as far as the field is one",
        Shows "gavel session new FILE";
    NewSession Submit = "submit", [NewSession], ["enter", "ctrl-s"], "write",
        "Write the session; in the field for a file, read it",
        Same "gavel session new FILE --open", needed;
    NewSession Discard = "discard", [NewSession], ["esc"], "leave",
        "Leave the form; nothing is written", Shows "gavel session list", needed;
    Login Turn = "turn", [Login], ["tab", "up", "down"], "other field",
        "The other field", Same "gavel login --name NAME";
    Login Submit = "log-in-now", [Login], ["enter"], "log in",
        "Log in at the coordinator with this name and password",
        Same "gavel login --name NAME", needed;
    Login Leave = "leave-login", [Login], ["esc"], "later",
        "Leave the form and forget what was typed", Shows "gavel session list", needed;
    Invite Turn = "invite-field", [Invite], ["tab", "up", "down"], "next field",
        "The next field", Shows "gavel invite --list";
    Invite Submit = "make-invitation", [Invite], ["enter"], "make it",
        "Make the invitation; its code is shown then, once",
        Same "gavel invite --from FILE --hours HOURS", needed;
    Invite Leave = "leave-invitation", [Invite], ["esc"], "leave",
        "Leave the form; nothing is made", Shows "gavel invite --list", needed;
    Code Copy = "copy-code", [Code], ["y"], "copy",
        "Copy the code; works over SSH", Shows "gavel invite --from FILE";
    Code Leave = "leave-code", [Code], ["esc", "q"], "done",
        "Forget the code; it is not shown again", Shows "gavel invite --list", needed;
    Audit Copy = "copy-digest", [Audit], ["y"], "copy",
        "Copy in full what the selected row is about: a digest, a key, a fingerprint",
        Shows "gavel verify FILE";
    Audit Write = "write-record", [Audit], ["w"], "write",
        "Write the record, or the result as a table", Same "gavel session show SESSION --record FILE";
    Audit Leave = "leave-record", [Audit], ["esc", "q", "a"], "leave",
        "Leave the record", Shows "gavel session show SESSION", needed;
    Path Submit = "write-now", [Path], ["enter"], "write",
        "Write to this path; a name that ends in .csv gets the result as a table",
        Same "gavel session show SESSION --record FILE", needed;
    Path Leave = "leave-path", [Path], ["esc"], "leave",
        "Leave the form; nothing is written", Shows "gavel session show SESSION", needed;
    Prints Up = "print-above", [Prints], ["up", "k"], "",
        "The one above", Shows "gavel roster show";
    Prints Down = "print-below", [Prints], ["down", "j", "tab"], "next",
        "The one below", Shows "gavel roster show";
    Prints Copy = "copy-print", [Prints], ["y"], "copy",
        "Copy the selected digest or fingerprint in full", Same "gavel roster show --digest";
    Prints Leave = "leave-prints", [Prints], ["esc", "q", "F"], "leave",
        "Leave the digest and the fingerprints", Shows "gavel roster show", needed;
    Variables Forget = "forget", [Variables], ["x"], "forget",
        "Have the nodes forget the selected variable, by a job that does",
        Same "gavel variable forget NAME";
    Variables Copy = "copy-version", [Variables], ["y"], "copy",
        "Copy the version of the selected variable", Same "gavel variable show NAME";
    Variables Leave = "leave-variables", [Variables], ["esc", "q", "V"], "leave",
        "Leave the variables", Shows "gavel variable list", needed;
    Models Open = "batches", [Models], ["enter", "right"], "batches",
        "The batches of the selected model: how far each is, who made it, for whom",
        Shows "gavel model list";
    Models Withdraw = "withdraw-model", [Models], ["x"], "take back",
        "Take the selected model back, as the coordinator's operator; its batches are withdrawn",
        Same "gavel model withdraw MODEL";
    Models Copy = "copy-model", [Models], ["y"], "copy",
        "Copy the id of the selected model", Shows "gavel model list";
    Models Leave = "leave-models", [Models], ["esc", "q", "M"], "leave",
        "Leave the models", Shows "gavel model list", needed;
    Batches Copy = "copy-batch", [Batches], ["y"], "copy",
        "Copy the id of the selected batch", Shows "gavel model list";
    Batches Leave = "leave-batches", [Batches], ["esc", "q", "left"], "models",
        "Back to the models", Shows "gavel model list", needed;
    Approval Approve = "let-run", [Approval], ["y"], "let it run",
        "Let the job run at this node", Same "gavel job approve JOB", needed;
    Approval Leave = "not-now", [Approval], ["n", "esc", "q"], "not now",
        "Leave the job as it is: it waits", Shows "gavel job status JOB", needed;
    Palette Run = "run", [Palette], ["enter"], "run",
        "Do what is selected", Shows "gavel --help", needed;
    Palette Up = "choice-up", [Palette], ["up", "ctrl-p"], "",
        "The choice above", Shows "gavel --help";
    Palette Down = "choice-down", [Palette], ["down", "ctrl-n", "tab"], "choose",
        "The choice below", Shows "gavel --help";
    Palette Leave = "leave-palette", [Palette], ["esc"], "leave",
        "Leave the palette", Shows "gavel --help", needed;
    Filter Keep = "keep-filter", [Filter], ["enter", "down"], "keep",
        "Keep the filter and go to the list", Shows "gavel session list --phase PHASE", needed;
    Filter Drop = "drop-filter", [Filter], ["esc"], "drop",
        "Show everything again", Shows "gavel session list", needed;
    Help Leave = "leave-help", [Help], ["esc", "?", "q"], "leave",
        "Leave this page", Shows "gavel --help", needed;
    Global Auctions = "auctions", [Global], ["1"], "",
        "The auctions", Shows "gavel session list";
    Global Bracket = "bracket", [Global], ["2"], "",
        "The tournament and the result", Shows "gavel session watch SESSION";
    Global Nodes = "nodes", [Global], ["3"], "",
        "The nodes and their links", Shows "gavel roster show";
    Global Bids = "bids", [Global], ["4"], "",
        "Your bids", Shows "gavel receipt list";
    Global Log = "log", [Global], ["5"], "",
        "What happened", Shows "gavel session watch SESSION";
    Global People = "people", [Global], ["6"], "",
        "Accounts and invitations, for operators", Shows "gavel account list";
    Global NextScreen = "next-screen", [Global, BidForm], ["tab"], "",
        "The next screen", Shows "gavel session list";
    Global PreviousScreen = "previous-screen", [Global, BidForm], ["shift-tab"], "",
        "The screen before", Shows "gavel session list";
    Global Keys = "keys", [Global], ["?", "f1"], "keys",
        "Every key on this screen, and what it does", Shows "gavel --help", needed;
    Global Palette = "palette", [Global], [":", "ctrl-p"], "commands",
        "Find a command by its name", Shows "gavel --help", needed;
    Global Pause = "pause", [Global], ["space"], "pause",
        "Stop the display; everything else goes on", Shows "gavel session list";
    Global Enlarge = "enlarge", [Global], ["z"], "",
        "Give the whole screen to the pane that has the keys, or share it again",
        Shows "gavel session show SESSION";
    Global Mask = "mask", [Global], ["m"], "",
        "Hide bidders' names, to share the screen", Shows "gavel session list";
    Global Copy = "copy", [Global], ["y"], "copy",
        "Copy the selected id, or the receipt on the bid's screen; works over SSH",
        Shows "gavel receipt show SESSION";
    Global Prints = "fingerprints", [Global], ["F"], "",
        "The roster's digest and the certificates' fingerprints: to compare, copy, or as QR codes",
        Same "gavel roster show --qr";
    Global Variables = "variables", [Global], ["V"], "",
        "Variables that stay at the nodes after their job: who has shares, and since when",
        Shows "gavel variable list";
    Global Models = "models", [Global], ["M"], "models",
        "Models to score with: how much material dealers have ready for each, and what they make",
        Shows "gavel model list";
    Global LogIn = "log-in", [Global], ["L"], "",
        "Log in at the coordinator, or as somebody else", Same "gavel login --name NAME";
    Global Refresh = "refresh", [Global], ["f5", "ctrl-r"], "",
        "Ask coordinator and nodes again at once", Shows "gavel session list";
    Global NextTheme = "theme", [Global], ["T"], "",
        "Another theme: dark, light, high contrast, no colour", Shows "gavel tui --theme THEME";
    Global Redraw = "redraw", [Global], ["ctrl-l"], "",
        "Draw the whole screen again", Shows "gavel tui";
    Global Suspend = "suspend", [Global, BidForm, AnswerForm, Palette, Filter, Help, Confirm, NewSession, Login, Audit, Path, Prints, Invite, Code, Variables, Models, Batches, Approval], ["ctrl-z"],
        "", "To the shell; `fg` comes back", Shows "gavel tui";
    Global Quit = "quit", [Global], ["q"], "quit",
        "Leave the program", Shows "gavel tui", needed;
    Global Leave = "leave", [Global, BidForm, AnswerForm, Palette, Filter, Help, Confirm, NewSession, Login, Audit, Path, Prints, Invite, Code, Variables, Models, Batches, Approval], ["ctrl-c"], "",
        "Leave the program, from anywhere", Shows "gavel tui", needed;
}

impl Command {
    /// The layer whose keys are named for it.
    pub fn home(self) -> Layer {
        self.row().layers.first().copied().unwrap_or(Global)
    }
}
