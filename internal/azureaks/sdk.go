//go:build sdk

package azureaks

// The test reads this package's source. No build compiles it; the import keeps its version in go.mod.
import _ "github.com/pulumi/pulumi-azure-native-sdk/containerservice/v2"
