// Every word the page says, in German and English, and the language that is on.

import { MATERIAL_TEXTS } from "./material-texts.js";
import { OFFER_TEXTS } from "./offer-texts.js";

const LANGUAGE_KEY = "eduhu.language";

const TEXTS = {
  de: {
    "page.needsScript": "Diese Seite braucht JavaScript.",
    "claim.title": "Mehr Zeit für Ihren Unterricht.",
    "claim.text": "eduhu entwirft mit Ihnen Unterrichtsstunden, Arbeitsblätter und Elternbriefe. Sie prüfen, ändern und entscheiden.",
    "claim.plan": "Stundenverläufe als Tabelle, deren Minuten aufgehen",
    "claim.sheet": "Arbeitsblätter und Bewertungsraster zum Weiterbearbeiten",
    "claim.mail": "Elternbriefe im passenden Ton",
    "login.title": "Anmelden",
    "login.intro": "Willkommen. Bitte melden Sie sich mit Ihrem Konto an.",
    "login.email": "E-Mail-Adresse",
    "login.password": "Passwort",
    "login.show": "Passwort anzeigen",
    "login.hide": "Passwort verbergen",
    "login.submit": "Anmelden",
    "login.busy": "Anmeldung läuft …",
    "login.missing": "Bitte geben Sie E-Mail-Adresse und Passwort ein.",
    "login.expired": "Ihre Sitzung ist abgelaufen. Bitte melden Sie sich erneut an. Ihr Text ist noch da.",
    "login.bye": "Sie sind abgemeldet.",
    "skip": "Zur Eingabe springen",
    "language.other": "English",
    "language.toggle": "Switch to English",
    "logout": "Abmelden",
    "chats.label": "Ihre Chats",
    "chats.open": "Chatliste öffnen",
    "chats.close": "Chatliste schließen",
    "chats.new": "Neuer Chat",
    "chats.archive": "Archiv",
    "chats.back": "Zurück zu den Chats",
    "chats.archiveTitle": "Archivierte Chats",
    "chats.empty": "Noch keine Chats. Stellen Sie Ihre erste Frage.",
    "chats.emptyArchive": "Ihr Archiv ist leer.",
    "chats.more": "Weitere Chats laden",
    "chats.menu": "Aktionen für „{title}“",
    "chats.rename": "Umbenennen",
    "chats.toArchive": "Archivieren",
    "chats.restore": "Wiederherstellen",
    "chats.delete": "Löschen",
    "chats.untitled": "Ohne Titel",
    "chats.today": "Heute",
    "chats.yesterday": "Gestern",
    "chats.week": "Letzte 7 Tage",
    "chats.older": "Älter",
    "chats.archived": "„{title}“ liegt jetzt im Archiv.",
    "chats.restored": "„{title}“ ist wiederhergestellt.",
    "chats.deleted": "„{title}“ ist gelöscht.",
    "chats.renamed": "Der Chat heißt jetzt „{title}“.",
    "rename.title": "Chat umbenennen",
    "rename.label": "Titel",
    "rename.save": "Speichern",
    "delete.title": "Chat löschen?",
    "delete.text": "„{title}“ wird mit allen Nachrichten endgültig gelöscht. Das lässt sich nicht rückgängig machen.",
    "delete.confirm": "Endgültig löschen",
    "developers.title": "Für Entwickler",
    "developers.text": "Eine eigene Webseite kann Ihre Chats lesen, während sie sich ändern. Mit @instantdb/core genügen drei Zeilen:",
    "developers.values": "app_id, api_uri, websocket_uri und token liefert POST /api/realtime/token, teacher_id die Anmeldung. Geändert wird nur über die API.",
    "developers.api": "Beschreibung der API",
    "topic.label": "Thema des Chats",
    "topic.none": "Thema wählen",
    "topic.corrected": "Thema geändert: {topic}",
    "preferences.title": "Einstellungen",
    "preferences.intro": "Was eduhu von Ihnen weiß, fließt in jede Antwort ein.",
    "preferences.subjects": "Fächer",
    "preferences.subjectsHint": "mit Kommas getrennt",
    "preferences.grade": "Klasse",
    "preferences.state": "Bundesland",
    "preferences.school": "Schulform",
    "preferences.none": "keine Angabe",
    "preferences.mails": "E-Mails",
    "preferences.exportReady": "wenn ein langer Export fertig ist",
    "preferences.weekly": "montags ein Rückblick auf die Woche",
    "preferences.page": "Auf der Seite",
    "preferences.recommendations": "Vorschläge für passendes Material",
    "preferences.insights": "Rückblick mit Zahlen und Hinweisen aus der eigenen Arbeit",
    "preferences.memory": "Gedächtnis",
    "preferences.usesMemory": "Antworten dürfen nutzen, was hier steht",
    "preferences.memoryHint": "z. B.: Die 7b schreibt am Freitag einen Test.",
    "preferences.memoryCare": "Bitte keine Namen von Schülerinnen und Schülern.",
    "preferences.remember": "Merken",
    "preferences.forget": "Vergessen: {text}",
    "preferences.forgotten": "Das ist vergessen.",
    "preferences.saved": "Die Einstellungen sind gespeichert.",
    "preferences.save": "Speichern",
    "cancel": "Abbrechen",
    "close": "Schließen",
    "chat.print": "Chat drucken",
    "chat.earlier": "Frühere Nachrichten laden",
    "chat.loading": "Wird geladen …",
    "chat.toEnd": "Zum Ende",
    "chat.you": "Sie",
    "chat.assistant": "eduhu",
    "chat.up": "Diese Antwort war hilfreich",
    "chat.down": "Diese Antwort war nicht hilfreich",
    "chat.thanks": "Danke für die Rückmeldung.",
    "chat.unsaid": "Die Rückmeldung ist zurückgenommen.",
    "chat.copy": "Kopieren",
    "chat.copied": "Kopiert",
    "chat.copyFailed": "Kopieren ist in diesem Browser nicht möglich.",
    "chat.printOne": "Drucken",
    "chat.thinking": "eduhu überlegt …",
    "chat.writing": "eduhu schreibt …",
    "chat.finished": "Die Antwort ist fertig.",
    "chat.stopped": "Gestoppt. Der Text bis hierher ist gespeichert.",
    "chat.stopping": "Wird gestoppt …",
    "chat.length": "Die Antwort hat die größte erlaubte Länge erreicht.",
    "chat.reconnecting": "Verbindung unterbrochen. Sie wird wiederhergestellt …",
    "chat.demo": "Demo: Vorlage, keine KI",
    "chat.table": "Tabelle",
    "chat.image": "Bild",
    "chat.done": "erledigt",
    "chat.todo": "offen",
    "empty.morning": "Guten Morgen, {name}",
    "empty.day": "Guten Tag, {name}",
    "empty.evening": "Guten Abend, {name}",
    "empty.question": "Womit kann ich Ihnen helfen?",
    "empty.hint": "Wählen Sie ein Beispiel und passen Sie es an, oder schreiben Sie frei.",
    "example.plan.title": "Unterrichtsstunde planen",
    "example.plan.text": "Unterrichtsentwurf für Mathematik, Klasse 7, Thema Bruchrechnung, 45 Minuten",
    "example.sheet.title": "Arbeitsblatt erstellen",
    "example.sheet.text": "Arbeitsblatt für Biologie, Klasse 6, Thema Fotosynthese",
    "example.rubric.title": "Bewertungsraster anlegen",
    "example.rubric.text": "Bewertungsraster für Präsentationen in Geschichte, Klasse 9",
    "example.mail.title": "Elternbrief schreiben",
    "example.mail.text": "Elternbrief zum Wandertag der Klasse 5b am kommenden Freitag",
    "composer.label": "Ihre Nachricht",
    "composer.placeholder": "Was brauchen Sie?",
    "composer.send": "Senden",
    "composer.stop": "Antwort stoppen",
    "composer.keys": "Enter sendet, Umschalt+Enter beginnt eine neue Zeile.",
    "composer.care": "Bitte prüfen Sie jede Antwort. Geben Sie keine Namen von Schülerinnen und Schülern ein.",
    "composer.wait": "Bitte warten Sie das Ende der Antwort ab, oder stoppen Sie sie.",
    "retry": "Erneut senden",
    "retry.in": "Erneut senden (in {seconds} s)",
    "retry.ask": "Noch einmal fragen",
    "retry.read": "Weiterlesen",
    "retry.goOn": "Weiterschreiben",
    "reload": "Neu laden",
    "error.network": "Keine Verbindung zum Server. Bitte prüfen Sie Ihr Netz und versuchen Sie es noch einmal.",
    "error.lost": "Die Verbindung ist abgerissen. eduhu schreibt im Hintergrund weiter, es geht nichts verloren.",
    "error.server": "Ein unerwarteter Serverfehler ist aufgetreten. Bitte versuchen Sie es gleich noch einmal.",
    "error.kept": "Ihr Text ist noch da.",
    "error.reference": "Kennung: {id}",
  },
  en: {
    "page.needsScript": "This page needs JavaScript.",
    "claim.title": "More time for your teaching.",
    "claim.text": "eduhu drafts lessons, worksheets and parent letters with you. You check, change and decide.",
    "claim.plan": "Lesson plans as a table whose minutes add up",
    "claim.sheet": "Worksheets and rubrics you can go on editing",
    "claim.mail": "Parent letters in the right tone",
    "login.title": "Sign in",
    "login.intro": "Welcome. Please sign in with your account.",
    "login.email": "E-mail address",
    "login.password": "Password",
    "login.show": "Show password",
    "login.hide": "Hide password",
    "login.submit": "Sign in",
    "login.busy": "Signing in …",
    "login.missing": "Please enter your e-mail address and password.",
    "login.expired": "Your session has expired. Please sign in again. Your text is still there.",
    "login.bye": "You are signed out.",
    "skip": "Skip to the input",
    "language.other": "Deutsch",
    "language.toggle": "Auf Deutsch umschalten",
    "logout": "Sign out",
    "chats.label": "Your chats",
    "chats.open": "Open the list of chats",
    "chats.close": "Close the list of chats",
    "chats.new": "New chat",
    "chats.archive": "Archive",
    "chats.back": "Back to your chats",
    "chats.archiveTitle": "Archived chats",
    "chats.empty": "No chats yet. Ask your first question.",
    "chats.emptyArchive": "Your archive is empty.",
    "chats.more": "Load more chats",
    "chats.menu": "Actions for “{title}”",
    "chats.rename": "Rename",
    "chats.toArchive": "Archive",
    "chats.restore": "Restore",
    "chats.delete": "Delete",
    "chats.untitled": "Untitled",
    "chats.today": "Today",
    "chats.yesterday": "Yesterday",
    "chats.week": "Last 7 days",
    "chats.older": "Older",
    "chats.archived": "“{title}” is in the archive now.",
    "chats.restored": "“{title}” has been restored.",
    "chats.deleted": "“{title}” has been deleted.",
    "chats.renamed": "The chat is now called “{title}”.",
    "rename.title": "Rename chat",
    "rename.label": "Title",
    "rename.save": "Save",
    "delete.title": "Delete this chat?",
    "delete.text": "“{title}” and all its messages will be deleted for good. This cannot be undone.",
    "delete.confirm": "Delete for good",
    "developers.title": "For developers",
    "developers.text": "A web page of your own can read your chats while they change. With @instantdb/core, three lines are enough:",
    "developers.values": "POST /api/realtime/token returns app_id, api_uri, websocket_uri and token; signing in returns teacher_id. Changes are made through the API only.",
    "developers.api": "Description of the API",
    "topic.label": "Topic of the chat",
    "topic.none": "Choose a topic",
    "topic.corrected": "Topic changed: {topic}",
    "preferences.title": "Preferences",
    "preferences.intro": "What eduhu knows about you goes into every answer.",
    "preferences.subjects": "Subjects",
    "preferences.subjectsHint": "separated by commas",
    "preferences.grade": "Grade",
    "preferences.state": "Federal state",
    "preferences.school": "Type of school",
    "preferences.none": "not said",
    "preferences.mails": "E-mails",
    "preferences.exportReady": "when a long export is ready",
    "preferences.weekly": "a look back at the week, on Mondays",
    "preferences.page": "On the page",
    "preferences.recommendations": "suggestions of material that fits",
    "preferences.insights": "a review with numbers and hints from your own work",
    "preferences.memory": "Memory",
    "preferences.usesMemory": "Answers may use what stands here",
    "preferences.memoryHint": "e.g.: class 7b writes a test on Friday.",
    "preferences.memoryCare": "No names of pupils, please.",
    "preferences.remember": "Remember",
    "preferences.forget": "Forget: {text}",
    "preferences.forgotten": "That is forgotten.",
    "preferences.saved": "The preferences are stored.",
    "preferences.save": "Save",
    "cancel": "Cancel",
    "close": "Close",
    "chat.print": "Print chat",
    "chat.earlier": "Load earlier messages",
    "chat.loading": "Loading …",
    "chat.toEnd": "To the end",
    "chat.you": "You",
    "chat.assistant": "eduhu",
    "chat.up": "This answer was helpful",
    "chat.down": "This answer was not helpful",
    "chat.thanks": "Thank you for your feedback.",
    "chat.unsaid": "Your feedback has been taken back.",
    "chat.copy": "Copy",
    "chat.copied": "Copied",
    "chat.copyFailed": "Copying is not possible in this browser.",
    "chat.printOne": "Print",
    "chat.thinking": "eduhu is thinking …",
    "chat.writing": "eduhu is writing …",
    "chat.finished": "The answer is complete.",
    "chat.stopped": "Stopped. The text so far is saved.",
    "chat.stopping": "Stopping …",
    "chat.length": "The answer has reached the longest allowed length.",
    "chat.reconnecting": "Connection interrupted. Reconnecting …",
    "chat.demo": "Demo: template, no AI",
    "chat.table": "Table",
    "chat.image": "Image",
    "chat.done": "done",
    "chat.todo": "to do",
    "empty.morning": "Good morning, {name}",
    "empty.day": "Good afternoon, {name}",
    "empty.evening": "Good evening, {name}",
    "empty.question": "How can I help you?",
    "empty.hint": "Pick an example and adapt it, or write freely.",
    "example.plan.title": "Plan a lesson",
    "example.plan.text": "Lesson plan for mathematics, grade 7, topic fractions, 45 minutes",
    "example.sheet.title": "Create a worksheet",
    "example.sheet.text": "Worksheet for biology, grade 6, topic photosynthesis",
    "example.rubric.title": "Set up a rubric",
    "example.rubric.text": "Rubric for presentations in history, grade 9",
    "example.mail.title": "Write to parents",
    "example.mail.text": "Letter to parents about the hiking day of class 5b next Friday",
    "composer.label": "Your message",
    "composer.placeholder": "What do you need?",
    "composer.send": "Send",
    "composer.stop": "Stop the answer",
    "composer.keys": "Enter sends, Shift+Enter starts a new line.",
    "composer.care": "Please check every answer. Do not enter names of pupils.",
    "composer.wait": "Please wait for the answer to end, or stop it.",
    "retry": "Send again",
    "retry.in": "Send again (in {seconds} s)",
    "retry.ask": "Ask again",
    "retry.read": "Go on reading",
    "retry.goOn": "Continue writing",
    "reload": "Reload",
    "error.network": "No connection to the server. Please check your network and try again.",
    "error.lost": "The connection was lost. eduhu goes on writing in the background; nothing is lost.",
    "error.server": "An unexpected server error occurred. Please try again in a moment.",
    "error.kept": "Your text is still there.",
    "error.reference": "Reference: {id}",
  },
};

// A text is looked for in the page's own words first.
const words = Object.fromEntries(
  Object.entries(TEXTS).map(([code, own]) => [code, { ...OFFER_TEXTS[code], ...MATERIAL_TEXTS[code], ...own }]),
);

let current = "de";

export const language = () => current;

/** The teacher's own choice, else the page's language, else the browser's. */
export function startLanguage() {
  const wishes = [stored(), document.documentElement.lang, navigator.language, "de"];
  const codes = wishes.map((wish) => (wish || "").slice(0, 2).toLowerCase());
  use(codes.find((code) => code in TEXTS));
}

/** Changes to the other language, remembers it, and returns its code. */
export function toggleLanguage() {
  use(current === "de" ? "en" : "de");
  try {
    localStorage.setItem(LANGUAGE_KEY, current);
  } catch (error) {
    console.info("The language is not remembered:", error.name);
  }
  return current;
}

/** The text for `key`, with `{name}` filled in from `values`; without one, `fallback`. */
export function t(key, values = {}, fallback = undefined) {
  const text = words[current][key] ?? fallback;
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** Fills every element that names its text in `data-text`, `data-label` or `data-placeholder`. */
export function applyTexts(root = document) {
  for (const node of root.querySelectorAll("[data-text]")) node.textContent = t(node.dataset.text);
  for (const node of root.querySelectorAll("[data-placeholder]")) {
    node.placeholder = t(node.dataset.placeholder);
  }
  for (const node of root.querySelectorAll("[data-label]")) {
    node.setAttribute("aria-label", t(node.dataset.label));
    if (node.matches("button")) node.title = t(node.dataset.label);
  }
}

/** A moment (epoch milliseconds): the time of day, with the date when it was not today. */
export function formatMoment(milliseconds) {
  const moment = new Date(milliseconds);
  const today = moment.toDateString() === new Date().toDateString();
  const form = today ? { timeStyle: "short" } : { dateStyle: "medium", timeStyle: "short" };
  return new Intl.DateTimeFormat(current, form).format(moment);
}

/** A day (`2025-03-31`), without a time. */
export function formatDay(day) {
  return new Intl.DateTimeFormat(current, { dateStyle: "medium", timeZone: "UTC" }).format(new Date(day));
}

export const formatNumber = (number) => new Intl.NumberFormat(current).format(number);

/** A share (0.5) in per cent; nothing for null. */
export const formatShare = (share) =>
  share === null ? null : new Intl.NumberFormat(current, { style: "percent" }).format(share);

const UNITS = [["day", 86_400_000], ["hour", 3_600_000], ["minute", 60_000], ["second", 1000]];

/** How long something took (milliseconds), in the largest unit that fits; nothing for null. */
export function formatSpan(milliseconds) {
  if (milliseconds === null) return null;
  const [unit, size] = UNITS.find(([, each]) => milliseconds >= each) ?? UNITS.at(-1);
  const form = { style: "unit", unit, unitDisplay: "short", maximumFractionDigits: 1 };
  return new Intl.NumberFormat(current, form).format(milliseconds / size);
}

function use(code) {
  current = code;
  document.documentElement.lang = code;
}

function stored() {
  try {
    return localStorage.getItem(LANGUAGE_KEY);
  } catch {
    return null; // storage is switched off: the page works without it
  }
}
