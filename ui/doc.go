// Package ui is the terminal user interface: a stack of pages over backends,
// states, versions and locks, and the guard, the dialog through which every
// change goes.
//
// It knows the decisions of package model and states what it reads and runs as
// the interfaces [Reader] and [Operator]; it never talks to AWS itself. A key
// travels to the dialog on top, else to the page shown, whose table of actions
// names what it does, or why it cannot be done now. What needs I/O becomes a
// command that ends in one typed message; the message carries the address of
// the request it answers, and is dropped when that request is not wanted any
// more. Update and View do no I/O.
package ui
