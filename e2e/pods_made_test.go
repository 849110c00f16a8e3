package e2e

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// testAsMade: user, folders, rights and place of the pods are what their specification says.
func testAsMade(t *testing.T, s *site) {
	pods := s.servingReady(t)
	zones := s.spread(t, pods)
	require.ElementsMatch(t, []int{1, 2}, slices.Collect(maps.Values(zones)), "over both zones")
	pod := pods[0].Name
	require.Regexp(t, `^uid=1000 gid=1000 groups=1000`, s.in(t, pod, "id"))
	for _, folder := range []string{"/", "/app", "/etc"} {
		out := s.in(t, pod, "sh", "-c", "touch "+folder+"/written 2>&1 || true")
		require.Contains(t, out, "Read-only file system")
	}
	for _, folder := range []string{"/tmp", "/app/data"} {
		s.in(t, pod, "touch", folder+"/written")
	}
	owner := s.in(t, pod, "stat", "-c", "%g %a", "/app/data")
	require.Regexp(t, `^1000 \d*7[57]\d\n`, owner, "the folder is the group's, which may write to it")
	status := s.in(t, pod, "cat", "/proc/1/status")
	for line, means := range map[string]string{
		`CapEff:\s+0+`: "no capability", `NoNewPrivs:\s+1`: "no program gives more rights", `Seccomp:\s+2`: "a filter of system calls",
	} {
		require.Regexp(t, regexp.MustCompile(`(?m)^`+line+`$`), status, means)
	}
	variables := s.in(t, pod, "env")
	require.Contains(t, variables, "GOMEMLIMIT=241591910", "90 % of 256Mi")
	require.NotRegexp(t, `(?m)^BIFROST_SERVICE_HOST=`, variables, "no variables of Services")
	report.add("The pod as made", fmt.Sprintf("user and group 1000, data folder of group and mode %s; read-only root; no capabilities, "+
		"no new privileges, seccomp; zones %v\n", strings.TrimSpace(owner), zones))
}

// testOwnsItsVolume: the gateway's user may write to the volume of its claim, which the kubelet gave to the pod's group.
func testOwnsItsVolume(t *testing.T, s *site) {
	pod := gateway + "-0"
	require.Regexp(t, `^1000 2\d7\d\n`, s.in(t, pod, "stat", "-c", "%g %a", "/app/data"), "the group may write, and new files are its")
	files := s.in(t, pod, "stat", "-c", "%n %u %g", "/app/data/config.db", "/app/data/logs.db")
	require.Equal(t, "/app/data/config.db 1000 1000\n/app/data/logs.db 1000 1000\n", files)
	require.Contains(t, s.in(t, pod, "cat", "/proc/mounts"), " /app/data ", "a volume, and no folder of the image")
}
