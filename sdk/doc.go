// Package sdk is what an app is written against: the features that a function
// can take, the server that runs it, and its configuration.
//
// An app declares its routes with package decl, and windhover generates a
// Pipeline from the declaration. Run serves it:
//
//	func main() {
//		if err := sdk.Run(NewPipeline()); err != nil {
//			log.Fatal(err)
//		}
//	}
//
// The functions of an app say by the types of their parameters what they use.
// Features (features.go) are small interfaces; what no function takes is
// neither imported nor linked.
//
// Read features.go first, then app.go, the seam between a server and what
// windhover generates.
package sdk
