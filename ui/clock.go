package ui

import "time"

// clockReader knows the clock of the services, as their answers tell it: how old
// a version is must not depend on this machine's clock.
type clockReader interface {
	// ServiceTime is the service's time at a time of this machine's clock; the
	// same time as long as no answer told otherwise.
	ServiceTime(local time.Time) time.Time
}

// serviceNow is the time by the services' clock. What this program or its
// journal timed itself is compared with now.
func (a *App) serviceNow() time.Time { return a.o.Reader.ServiceTime(a.o.Now()) }
