package checks

import (
	"context"
	"slices"

	"bifrost/bifrostctl/verify/check"
	"bifrost/stacks"
)

func (s Stack) configuration() []check.Check {
	checks := []check.Check{{
		Code: stackOutputs, Description: "the stack is up, with the configured rollout", Fatal: true, Run: s.rollout,
	}}
	if s.Config.Aws != nil && !s.Config.Registry.Mirror {
		checks = append(checks, check.Check{
			Code: "config-repository", Description: "the image's repository is the one that the identities may pull from",
			Run: s.repository,
		})
	}
	return checks
}

func (s Stack) rollout(context.Context) check.Result {
	switch s.Outputs.Rollout {
	case s.Config.Rollout:
		return check.Pass("rollout %s", s.Config.Rollout)
	case "":
		return check.Fail("pulumi up --stack "+s.Name, "the stack has no outputs: it is not up (destroyed, or never up)")
	case stacks.RolloutIdentity:
		return check.Fail("pulumi up --stack "+s.Name, "rollout is %s in the configuration, and the last up was %s", s.Config.Rollout,
			s.Outputs.Rollout)
	}
	return check.Fail("pulumi config set --stack "+s.Name+" bifrost:rollout "+string(s.Outputs.Rollout),
		"rollout is %s in the configuration, and the last up was %s: the next one would delete the workload", s.Config.Rollout,
		s.Outputs.Rollout)
}

func (s Stack) repository(context.Context) check.Result {
	want := s.Config.RepositoryArn()
	for _, p := range s.Outputs.Handoff {
		if !slices.Contains(p.Repositories, want) {
			return check.Fail("pulumi up --stack "+s.Name+", then "+s.handOff(),
				"registry.image is of %s, and %s was made for %s", want, name(p.PrincipalArn), quoted(p.Repositories))
		}
	}
	return check.Pass("%s", want)
}

// failedService is the result where the ECS service could not be had.
func (s Stack) failedService(err error) check.Result {
	if missing(err) {
		return check.Fail(s.up(), "there is no ECS service %s in cluster %s", s.Outputs.ECS.Service, name(s.Outputs.ECS.Cluster))
	}
	return unreadable("ECS service "+s.Outputs.ECS.Service, err, s.awsLogin())
}
