// What the tickets are made of. Every way to say that something is wrong has a twin, of nearly the same words, that says
// it is not: so the words alone do not give the labels.

/** The things that customers write about. `bad` and `fine` follow the name of a thing, `had` follows "if" and it. */
export const topics = {
  bug: {
    things: ["the app", "the website", "the export", "the new dashboard"],
    bad: ["does not work", "keeps crashing", "is not loading", "stopped working after the update"],
    fine: ["does work", "stopped crashing", "is loading again", "works after the update"],
    had: ["did work", "worked", "did not crash all the time"],
  },
  billing: {
    things: ["the invoice", "the bill", "the monthly charge", "the amount you charged"],
    bad: ["is not correct", "is higher than agreed", "does not add up", "is not what we agreed"],
    fine: ["is correct", "is not higher than agreed", "does add up", "is what we agreed"],
    had: ["was correct", "did add up", "was what we agreed"],
  },
  delivery: {
    things: ["the parcel", "my package", "the delivery", "the shipment"],
    bad: ["did not arrive", "has not come yet", "came damaged", "arrived late, not on time", "is lost"],
    fine: ["did arrive", "has come now", "was not damaged", "arrived on time, not late", "is not lost"],
    had: ["did arrive", "was not lost"],
  },
};

/** Said of any thing. */
export const anything = {
  bad: ["is wrong", "is a mess", "is not ok", "is still a problem", "is not fine at all"],
  fine: ["is not wrong", "is no mess any more", "is ok", "is not a problem", "is fine"],
};

/** {bad} has a problem, {fine} has none; {is bad} and {is fine} say so. */
export const contrasts = [
  "{fine} {is fine} but {bad} {is bad}",
  "{bad} {is bad} but {fine} {is fine}",
  "although {fine} {is fine}, {bad} {is bad}",
  "although {bad} {is bad}, {fine} {is fine}",
  "the problem is not {fine} but {bad}",
  "the problem is {bad}, not {fine}",
  "please have a look at {bad}, not {fine}",
  "this is about {bad}, not {fine}",
  "this is not about {fine} but {bad}",
];

/** {thing} has a problem, or has none; {is} says so. */
export const problems = {
  bad: [
    "{thing} {is}",
    "{thing} {is}",
    "{thing} {is}",
    "i have a problem with {thing}",
    "{thing} was fine before, now it is not",
  ],
  fine: [
    "{thing} {is}",
    "{thing} {is}",
    "{thing} {is}",
    "i have no problem with {thing}",
    "{thing} was not fine before, now it is",
  ],
};

export const problemPairs = {
  bad: [
    "neither {thing} nor {other} is ok",
    "{thing} {is} and {other} {is too}",
    "i have a problem with {thing} and with {other}",
  ],
  fine: [
    "both {thing} and {other} are ok",
    "{thing} {is} and {other} {is too}",
    "i have no problem with {thing} or with {other}",
  ],
};

/** What customers want done. `verb` follows "please", `noun` follows "i want", `done` follows "you". */
export const requests = {
  refund: {
    verb: ["refund me", "send my money back", "pay me back"],
    noun: ["a refund", "my money back", "a full refund"],
    done: ["refunded me", "sent my money back", "paid me back"],
  },
  cancellation: {
    verb: ["cancel my subscription", "cancel the contract", "end my plan", "cancel the order"],
    noun: ["a cancellation", "a cancellation of my plan", "an end to the contract"],
    done: ["cancelled my subscription", "cancelled the contract", "ended my plan", "cancelled the order"],
  },
  other: {
    verb: [
      "send a replacement",
      "exchange it",
      "give me a discount",
      "explain it to me",
      "upgrade my plan",
      "pause the subscription",
    ],
    noun: ["a replacement", "a voucher", "an exchange", "a discount", "an explanation"],
    done: [
      "sent a replacement",
      "gave me a discount",
      "exchanged it",
      "paused the subscription",
      "upgraded my plan",
    ],
  },
};

/** {want ...} is asked for, {not ...} is not. */
export const alternatives = [
  "please {want verb} and do not {not verb}",
  "please do not {not verb}, just {want verb}",
  "i want you to {want verb}, not to {not verb}",
  "i want {want noun} instead of {not noun}",
  "i asked for {want noun}, not for {not noun}",
  "you {not done} but i asked you to {want verb}",
  "i asked you to {want verb} before you {not done}",
];

export const singleRequests = {
  wanted: [
    "please {verb}",
    "i want {noun}",
    "could you {verb}?",
    "you never {done} although i asked",
    "my wife does not want {noun} but i do",
  ],
  unwanted: [
    "please do not {verb}",
    "i do not want {noun}",
    "there is no need to {verb}",
    "you {done} although i never asked",
    "my wife does want {noun} but i do not",
  ],
  done: ["you {done} as i asked, so that is settled", "you {done} already, thanks for that"],
};

/** Both requests, or neither. */
export const requestPairs = {
  wanted: [
    "please {first verb} and {second verb}",
    "i want {first noun} and also {second noun}",
    "once you {first verb}, {second verb} too",
  ],
  unwanted: [
    "please do not {first verb} and do not {second verb}",
    "i want neither {first noun} nor {second noun}",
    "i do not want {first noun} or {second noun}",
  ],
};

/** A request that hangs on a thing: what is wanted and what is wrong go together. */
export const conditions = {
  holds: [
    "i would not ask for {noun} if {thing} {had}",
    "if {thing} {had} i would not ask for {noun}",
    "now that {thing} {is} i do want {noun}",
    "{thing} {is}, so i want {noun}",
  ],
  fails: [
    "i would ask for {noun} if {thing} was a problem, but it is not",
    "if {thing} goes wrong i will ask for {noun}, but it {is}",
    "now that {thing} {is} i do not want {noun}",
    "{thing} {is}, so i do not want {noun}",
  ],
};

export const urgency = {
  urgent: [
    "this is urgent",
    "i need this done today",
    "it cannot wait until {day}",
    "please hurry",
    "there is a rush",
  ],
  patient: [
    "this is not urgent",
    "i do not need this done today",
    "it can wait until {day}",
    "no need to hurry",
    "there is no rush",
  ],
};

export const greetings = [
  "hi",
  "hello",
  "hi there",
  "hey",
  "dear support team",
  "good morning",
  "dear sir or madam",
  "hello again",
  "to whom it may concern",
  "hi {name}",
];

export const openers = [
  "i have been a customer for {count} years",
  "my order number is {order}",
  "this is about order {order}",
  "i wrote to you on {day} and got no answer",
  "i am writing again about ticket {order}",
  "we are a small company with {count} people",
  "i talked to {name} on the phone on {day}",
  "not sure if this is the right place to ask",
  "sorry for the long mail",
  "we moved to the {plan} plan in {month}",
  "i do not write mails like this very often",
];

export const closers = [
  "thanks",
  "thank you",
  "thanks in advance",
  "best, {name}",
  "kind regards, {name}",
  "please let me know",
  "cheers",
  "hope you can help",
  "looking forward to your answer",
  "best regards\n{name}",
  "customer no {order}",
  "sent from my phone",
];

export const slots = {
  month: ["january", "february", "march", "april", "may", "june", "july", "august", "october", "november"],
  day: ["monday", "tuesday", "wednesday", "thursday", "friday", "the weekend"],
  name: ["Anna", "Tom", "Priya", "Jonas", "Maria", "Chen", "Fatima", "Luca", "Ola", "Sam", "Ruth", "Diego"],
  plan: ["basic", "team", "business", "yearly"],
};
