//go:build !windows

package evidence

func terminal() string { return "/dev/tty" }
