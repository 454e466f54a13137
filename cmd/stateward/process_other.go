//go:build !unix

package main

import "github.com/stateward/stateward/model"

// processAlive cannot be told here, so a recovery waits or asks.
func processAlive(int) model.Fact[bool] {
	return model.Unknown[bool]("processes cannot be looked up on this system")
}
