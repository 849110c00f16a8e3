package component_test

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"bifrost/internal/component"
)

// TestImportCommand: a component in a component, which was given no provider of its own. The rehearsals carry out the command of one that
// was.
func TestImportCommand(t *testing.T) {
	t.Parallel()
	command := component.Scope{Name: "x"}.ImportCommand(&pulumi.ErrorHookArgs{
		URN: "urn:pulumi:test::app::app:index:Outer$bifrost:index:EcsService$aws:cloudwatch/logGroup:LogGroup::x-logs",
	}, "/ecs/app")
	require.Equal(t, "pulumi import aws:cloudwatch/logGroup:LogGroup x-logs /ecs/app "+
		"--parent 'x=urn:pulumi:test::app::app:index:Outer$bifrost:index:EcsService::x' --provider 'aws=URN' --protect=false --generate-code=false", command)
}
