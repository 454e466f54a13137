package model

import (
	"os"
	"testing"

	"github.com/stateward/stateward/internal/evidence"
)

func TestMain(m *testing.M) { os.Exit(evidence.Main(m)) }
