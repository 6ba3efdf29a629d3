// swift-tools-version: 6.2
import PackageDescription

// DNC_EMBEDDED=1 builds the product, libdnc.so, in Embedded Swift: no Swift runtime, no Foundation.
// Without it the same sources are built as ordinary Swift for the tests.
let embedded = Context.environment["DNC_EMBEDDED"] == "1"

let package = Package(
  name: "libdnc",
  products: embedded ? [.library(name: "dnc", type: .dynamic, targets: ["DNC"])] : [],
  targets: [
    .systemLibrary(name: "CPlatform", path: "Sources/CPlatform"),
    .systemLibrary(name: "CPNG", path: "Sources/CPNG", pkgConfig: "libpng"),
    .systemLibrary(name: "CDNC", path: "Sources/CDNC"),
    .target(
      name: "DNC",
      dependencies: ["CPlatform", "CPNG", "CDNC"],
      path: "Sources",
      exclude: ["CPlatform", "CPNG", "CDNC"],
      swiftSettings: embedded
        ? [
          .enableExperimentalFeature("Embedded"),
          .unsafeFlags(["-wmo", "-parse-as-library"]),
        ] : [],
      linkerSettings: [.linkedLibrary("m")]
        + (embedded
          ? [
            .unsafeFlags([
              "-Xlinker", "--version-script=\(Context.packageDirectory)/dnc.map",
              "-Xlinker", "-soname", "-Xlinker", "libdnc.so.0",
              "-Xlinker", "--gc-sections", "-Xlinker", "-z", "-Xlinker", "defs",
            ])
          ] : [])),
  ]
    + (embedded
      ? []
      : [
        .testTarget(
          name: "DNCTests", dependencies: ["DNC", "CPlatform", "CPNG", "CDNC"],
          path: "Tests/DNCTests")
      ])
)
