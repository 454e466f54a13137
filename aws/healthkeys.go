package aws

import "context"

func (h *healthReader) keys(context.Context) {}
