package ecs

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/check"
)

// fargateSize is the memory in MiB that goes with a number of CPU units: least, and from min to max in steps of step. 256 units, for
// instance, go with 512, 1024 and 2048.
type fargateSize struct{ cpu, least, min, max, step int }

// fargateSizes are the pairs that Fargate has (Amazon ECS developer guide, "Task size"), by CPU units.
var fargateSizes = []fargateSize{
	{256, 512, 1024, 2048, 1024},
	{512, 1024, 1024, 4096, 1024},
	{1024, 2048, 2048, 8192, 1024},
	{2048, 4096, 4096, 16384, 1024},
	{4096, 8192, 8192, 30720, 1024},
	{8192, 16384, 16384, 61440, 4096},
	{16384, 32768, 32768, 122880, 8192},
}

// memory is the smallest of the size's memories that is not below wanted; false when wanted is above them all.
func (s fargateSize) memory(wanted int) (int, bool) {
	switch {
	case wanted <= s.least:
		return s.least, true
	case wanted > s.max:
		return 0, false
	}
	steps := max(0, (wanted-s.min+s.step-1)/s.step)
	return s.min + steps*s.step, true
}

// validateFargateSize refuses a pair of CPU units and MiB that Fargate does not have; the error names the smallest pair that has
// at least as much of both, or Fargate's largest.
func validateFargateSize(cpuPath, memoryPath *field.Path, cpu, memory int) field.ErrorList {
	largest := fargateSizes[len(fargateSizes)-1]
	nearest := fmt.Sprintf("Fargate's largest pair is %s %d with %s %d", cpuPath, largest.cpu, memoryPath, largest.max)
	for _, s := range fargateSizes {
		if s.cpu < cpu {
			continue
		}
		if m, ok := s.memory(memory); ok {
			if s.cpu == cpu && m == memory {
				return nil
			}
			nearest = fmt.Sprintf("the nearest pair of Fargate that is not smaller is %s %d with %s %d",
				cpuPath, s.cpu, memoryPath, m)
			break
		}
	}

	i := slices.IndexFunc(fargateSizes, func(s fargateSize) bool { return s.cpu == cpu })
	if i < 0 {
		return field.ErrorList{field.Invalid(cpuPath, cpu,
			"Fargate has 256, 512, 1024, 2048, 4096, 8192 and 16384 CPU units; "+nearest)}
	}
	s := fargateSizes[i]
	return field.ErrorList{field.Invalid(memoryPath, memory,
		fmt.Sprintf("with %s %d Fargate has %d to %d MiB in steps of %d; %s", cpuPath, cpu, s.least, s.max, s.step, nearest))}
}

// logRetentions are the days that CloudWatch Logs accepts (API reference, PutRetentionPolicy).
var logRetentions = []int{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}

// validateLogRetention refuses a number of days that CloudWatch Logs does not have.
func validateLogRetention(path *field.Path, days int) field.ErrorList {
	if slices.Contains(logRetentions, days) {
		return nil
	}
	return field.ErrorList{field.Invalid(path, days, fmt.Sprintf("CloudWatch Logs keeps for one of %v days", logRetentions))}
}

// validateSecretRecovery refuses a recovery window that Secrets Manager does not have (API reference, DeleteSecret); 0 deletes at once.
func validateSecretRecovery(path *field.Path, days int) field.ErrorList {
	if days == 0 || (days >= 7 && days <= 30) {
		return nil
	}
	return field.ErrorList{field.Invalid(path, days, "0, or 7 to 30 days")}
}

// validateStopTimeout refuses seconds that Fargate does not wait between SIGTERM and SIGKILL (Amazon ECS developer guide, "Task
// definition parameters for Fargate", stopTimeout).
func validateStopTimeout(path *field.Path, seconds int) field.ErrorList {
	return check.Between(path, seconds, 2, 120, "seconds")
}

// The container check of ECS counts no failures for a start period of at most 300 s, and takes at most 10 retries (Amazon ECS API
// reference, HealthCheck). Checks come every checkInterval seconds.
const (
	maxStartPeriod = 300
	maxRetries     = 10
	checkInterval  = 30
)

// validateStartup refuses a start that the container check of ECS cannot wait for.
func validateStartup(path *field.Path, seconds int) field.ErrorList {
	return check.Between(path, seconds, checkInterval, maxStartPeriod+maxRetries*checkInterval,
		"seconds on ECS: a start period of at most 300 and ten checks")
}

// validateRollout refuses percentages with which no deployment of count tasks, the fewest that there may be, could proceed: ECS rounds the
// minimum up and the maximum down to whole tasks (Amazon ECS developer guide, "Service definition parameters", deploymentConfiguration).
func validateRollout(minPath, maxPath *field.Path, minPercent, maxPercent, count int) field.ErrorList {
	errs := check.Between(minPath, minPercent, 0, 100, "percent")
	errs = append(errs, check.Between(maxPath, maxPercent, 100, 400, "percent")...)
	if len(errs) > 0 || count < 1 {
		return errs
	}
	fewest, most := rolloutTasks(count, minPercent, maxPercent)
	if most > fewest {
		return nil
	}
	return field.ErrorList{field.Invalid(maxPath, maxPercent, fmt.Sprintf(
		"with %d of %d tasks kept and %d allowed, a deployment can neither start a task nor stop one; raise it, or lower %s",
		fewest, count, most, minPath))}
}

// rolloutTasks are how many of count tasks ECS keeps at least and runs at most during a deployment.
func rolloutTasks(count, minPercent, maxPercent int) (fewest, most int) {
	return (count*minPercent + 99) / 100, count * maxPercent / 100
}
