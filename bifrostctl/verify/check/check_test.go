package check_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/verify/check"
)

func ends(code string, result check.Result, needs ...string) check.Check {
	return check.Check{Code: code, Description: code, Needs: needs, Run: func(context.Context) check.Result { return result }}
}

func fatal(c check.Check) check.Check {
	c.Fatal = true
	return c
}

// statuses are the outcomes as "code status error".
func statuses(t *testing.T, categories ...check.Category) []string {
	t.Helper()
	reports, err := check.Run(t.Context(), categories)
	require.NoError(t, err)
	var all []string
	for _, report := range reports {
		for _, o := range report.Outcomes {
			all = append(all, o.Code+" "+string(o.Status)+" "+o.Error)
		}
	}
	return all
}

func TestDependentsOfAFailureAreSkipped(t *testing.T) {
	require.Equal(t, []string{"a failed gone", `b skipped "a" failed`, `c skipped "a" failed`, "d ok "}, statuses(t, check.Category{Name: "one", Checks: []check.Check{
		ends("a", check.Fail("mend", "gone")), ends("b", check.Pass("seen"), "a"), ends("c", check.Pass("seen"), "b"), ends("d", check.Pass("seen")),
	}}))
}

func TestFatalEndsTheCategory(t *testing.T) {
	require.Equal(t, []string{"a failed gone", `b skipped "a" failed`, "c ok ", `d skipped "a" failed`}, statuses(t,
		check.Category{Name: "one", Checks: []check.Check{fatal(ends("a", check.Fail("", "gone"))), ends("b", check.Pass("seen"))}},
		check.Category{Name: "two", Checks: []check.Check{ends("c", check.Pass("seen")), ends("d", check.Pass("seen"), "b")}},
	))
}

func TestFatalThatIsBlockedEndsTheCategory(t *testing.T) {
	require.Equal(t, []string{"a failed gone", `b skipped "a" failed`, `c skipped "a" failed`}, statuses(t, check.Category{Name: "one", Checks: []check.Check{
		ends("a", check.Fail("", "gone")), fatal(ends("b", check.Pass(""), "a")), ends("c", check.Pass("")),
	}}))
}

// What does not apply blocks nobody.
func TestSkippedIsNoFailure(t *testing.T) {
	require.Equal(t, []string{"a skipped no gateway", "b ok "}, statuses(t, check.Category{Name: "one", Checks: []check.Check{
		fatal(ends("a", check.Skip("no gateway"))), ends("b", check.Pass("seen"), "a"),
	}}))
}

func TestBlock(t *testing.T) {
	require.Equal(t, []string{"a skipped the pods wait", "b skipped the pods wait", "c ok "}, statuses(t, check.Category{Name: "one", Checks: []check.Check{
		ends("a", check.Block("the pods %s", "wait")), ends("b", check.Pass("seen"), "a"), ends("c", check.Pass("seen")),
	}}))
}

// Two categories that wait for each other's first check can only come to an end side by side.
func TestCategoriesRunSideBySide(t *testing.T) {
	met := make(chan struct{})
	wait := func(ctx context.Context) check.Result { met <- struct{}{}; return check.Pass("met") }
	come := func(ctx context.Context) check.Result { <-met; return check.Pass("met") }
	_, err := check.Run(t.Context(), []check.Category{
		{Name: "one", Checks: []check.Check{{Code: "a", Run: wait}}}, {Name: "two", Checks: []check.Check{{Code: "b", Run: come}}},
	})
	require.NoError(t, err)
}

func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	reports, err := check.Run(ctx, []check.Category{{Name: "one", Checks: []check.Check{ends("a", check.Pass("seen"))}}})
	require.NoError(t, err)
	require.Equal(t, check.Failed, reports[0].Outcomes[0].Status, "what was not looked at is not good")
}

func TestRefusesWhatCannotEnd(t *testing.T) {
	pass := check.Pass("seen")
	tests := map[string]struct {
		categories []check.Category
		want       string
	}{
		"twice":   {[]check.Category{{Checks: []check.Check{ends("a", pass), ends("a", pass)}}}, "two checks have the code a"},
		"unknown": {[]check.Category{{Checks: []check.Check{ends("a", pass, "b")}}}, "check a needs b, which is no check"},
		"order":   {[]check.Category{{Checks: []check.Check{ends("a", pass, "b"), ends("b", pass)}}}, "checks wait for each other"},
		"crosswise": {[]check.Category{
			{Checks: []check.Check{ends("a", pass, "d"), ends("b", pass)}}, {Checks: []check.Check{ends("c", pass, "b"), ends("d", pass)}},
		}, "checks wait for each other"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := check.Run(t.Context(), test.categories)
			require.ErrorContains(t, err, test.want)
		})
	}
}

func TestWorst(t *testing.T) {
	worst := func(results ...check.Result) check.Status {
		var outcomes []check.Outcome
		for _, r := range results {
			outcomes = append(outcomes, check.Outcome{Result: r})
		}
		return check.Worst([]check.Report{{Outcomes: outcomes}})
	}
	require.Equal(t, check.OK, worst(check.Pass(""), check.Skip("")))
	require.Equal(t, check.Warning, worst(check.Pass(""), check.Warn("", ""), check.Pass("")))
	require.Equal(t, check.Failed, worst(check.Warn("", ""), check.Fail("", ""), check.Pass("")))
}
