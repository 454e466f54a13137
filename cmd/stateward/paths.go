package main

import (
	"errors"
	"path/filepath"
	"runtime"
)

// xdgDir is a base directory of the XDG specification: the variable if it holds
// an absolute path (a relative one must be ignored), else the default below home.
func xdgDir(env func(string) string, variable string, below ...string) (string, error) {
	if dir := env(variable); filepath.IsAbs(dir) {
		return dir, nil
	}
	home := env("HOME")
	if home == "" && runtime.GOOS == "windows" {
		home = env("USERPROFILE")
	}
	if home == "" {
		return "", errors.New("no home directory: set HOME or " + variable)
	}
	return filepath.Join(append([]string{home}, below...)...), nil
}

// stateDir is where the journal and the backups are, unless --journal says.
func stateDir(env func(string) string) (string, error) {
	dir, err := xdgDir(env, "XDG_STATE_HOME", ".local", "state")
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "stateward"), nil
}
