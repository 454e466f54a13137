// Package widget holds the parts that the pages are built from: text that is
// safe to print, the windowed grid, the words filter, the token-typing confirm,
// boxes, bars and steps.
//
// A widget is a plain struct. It does no I/O and starts nothing: what it draws
// is a function of its state, a width, a height and a [Styles], and every line
// that it returns is exactly as wide as it was asked to be. Widgets know nothing
// of states, locks or AWS, and they trust no text: whatever a page hands them as
// data is passed through [Sanitize] before it is drawn. Sanitize leaves its own
// output alone, so a page may sanitise as well.
package widget
