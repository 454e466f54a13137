package aws

import "time"

// SetGrace shortens how long a listing waits for the lock tables.
func SetGrace(c *Client, d time.Duration) { c.grace = d }
