// The words of the look-alikes: common English ones, invented rare ones, and invented bad ones for each label.
import { Choices } from "../quickstart/random.mjs";

/** The most frequent first. */
export const commonWords =
  `the to of and you a i is that it in for this not on be as have are if your with article my by or
page but was an at from so what do can about there would no will they has just like he which all one more don't please been
me any know some when his we know only should other because also use their talk up then who people why how these out very
think than edit did see had wikipedia were source make may user them get could want time go even does good time well over now
after being its where her into here new much read way add most us name editors said find same two such really made say since
before him those back first need someone take many work something still right please believe thanks content should history
another deletion information without section own removed point made link while help list years mean help image let day
discussion question call too anything fact every sure given person using again look reason place think keep best better
nothing world never life part against opinion actually between following must copyright different least already used ask
comment wrong old having lot under doing both real true change put through things try through english show state long
support however english instead based understand free feel great subject always policy comments note research yes write
further thing little account contributions notable doesn't few hope around problem book issue once version consensus news`
    .split(/\s+/)
    .filter((word, i, all) => all.indexOf(word) === i);

const syllables =
  "ba be bo da de di fa fo ga ge gi ha he ka ke ko la le li lo ma me mi mo na ne ni no pa pe po ra re ri ro sa se si so ta te ti to va ve vi wa we zo zu".split(
    " ",
  );
const endings = ["", "n", "r", "s", "t", "l", "m", "ck", "sh", "nd"];

function invent(choices, parts) {
  return Array.from({ length: parts }, () => choices.one(syllables)).join("") + choices.one(endings);
}

function inventMany(count, seed, least, most) {
  const choices = new Choices(seed);
  const words = new Set();
  while (words.size < count) words.add(invent(choices, choices.between(least, most)));
  return [...words];
}

export const rareWords = inventMany(20_000, 11, 2, 4);
/** Twelve for each label. */
export const badWords = Array.from({ length: 6 }, (_, label) =>
  inventMany(12, 100 + label, 2, 3).map(
    (word) => `${word}${["ugh", "zak", "oof", "grr", "ewk", "brr"][label]}`,
  ),
);
