//go:build tools

// Package temporal pins the version of the Temporal CLI (which contains the development server and its UI), so that a
// machine without a `temporal` binary can build exactly the one Tollkeeper is tested with.
package temporal

import _ "github.com/temporalio/cli/cmd/temporal"
