//go:build sdk

package azurerbac

// The test reads this package's source. No build compiles it; the import keeps its version in go.mod.
import _ "github.com/pulumi/pulumi-azure-native-sdk/authorization/v2"
