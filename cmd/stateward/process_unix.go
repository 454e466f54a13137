//go:build unix

package main

import (
	"errors"
	"syscall"

	"github.com/stateward/stateward/model"
)

// processAlive asks the system whether a process runs: signal 0 is not sent,
// only checked. One that belongs to somebody else is alive, too.
func processAlive(pid int) model.Fact[bool] {
	if pid <= 0 {
		return model.Unknown[bool]("no process")
	}
	err := syscall.Kill(pid, 0)
	return model.Known(err == nil || errors.Is(err, syscall.EPERM))
}
