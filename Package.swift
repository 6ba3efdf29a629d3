// swift-tools-version: 6.2
import PackageDescription

// DNC_EMBEDDED=1 builds the product, libdnc.so, in Embedded Swift: no Swift runtime, no Foundation.
// Without it the same sources are built as ordinary Swift for the tests.
let embedded = Context.environment["DNC_EMBEDDED"] == "1"
// A sanitizer's functions are those of the program that loads the library.
let isSanitized = Context.environment["DNC_SANITIZED"] == "1"
// DNC_FUZZED=1, with DNC_SANITIZED=1, counts for libFuzzer where the library goes. Not in the kernels: an input chooses no
// branch of theirs, and counting would take most of the time to build them.
let isFuzzed = Context.environment["DNC_FUZZED"] == "1"
// DNC_LITE=1 leaves tasks and pictures out, and with them libpng.
let isLite = Context.environment["DNC_LITE"] == "1"
// DNC_THREADS=1 builds of the tests only those of the threads, and of the library what these need, for the thread sanitizer.
let onlyThreads = Context.environment["DNC_THREADS"] == "1"

// DNC_MECHANISMS=1, with DNC_EMBEDDED=1, builds a program of the library's sources that times its mechanisms one by one.
let timesMechanisms = Context.environment["DNC_MECHANISMS"] == "1"

// DNC_ARCH is the target's architecture; without it the library is for this machine. With DNC_SYSROOT, the folder of another
// system's headers, it is compiled for that one, and linked by the Makefile: Swift's Embedded library of the bare processor
// does for Linux, too.
#if arch(x86_64)
  let ownArchitecture = "x86_64"
#elseif arch(arm64)
  let ownArchitecture = "aarch64"
#else
  let ownArchitecture = "other"
#endif
let architecture = Context.environment["DNC_ARCH"] ?? ownArchitecture
let crossFlags: [String] =
  if let sysroot = Context.environment["DNC_SYSROOT"] {
    ["-isystem\(sysroot)/include", "-D__linux__", "-D_GNU_SOURCE", "-fPIC"].flatMap { ["-Xcc", $0] }
  } else {
    []
  }

// Small rather than fast: what takes time is in the kernels. A copy of a function for each closure that it is called with,
// or of a mechanism for each of its callers, is worth nothing here.
let productSettings: [SwiftSetting] = [
  .enableExperimentalFeature("Embedded"),
  .unsafeFlags(["-wmo", "-parse-as-library"]),
]

let sizeFlags = [
  "-Osize", "-Xllvm", "-sil-disable-pass=closure-specialize", "-Xllvm", "-sil-inline-never-functions=forward", "-Xllvm",
  "-sil-inline-never-functions=backward",
]

/// The loops over columns and slots are written unrolled as far as it pays.
let kernelFlags = [
  "-Ounchecked", "-Xfrontend", "-disable-stack-protector", "-Xllvm", "-unroll-runtime=false",
]

/// A level of the kernels: a CPU that they are compiled for, in a module of its own. The folder is a link to Sources/Kernels.
struct KernelLevel {
  let module: String
  /// That users know it by.
  let name: String
  let architecture: String
  /// The compiler's name of the CPU; nil: `name`.
  var march: String? = nil
  /// The same in debug builds; nil: `march`. Tests run sixteen lanes on a CPU without AVX-512, too.
  var testedMarch: String? = nil
  var settings: [SwiftSetting] = []

  var target: Target {
    // Without the width the compiler shuns the vectors of sixteen.
    let width = architecture == "x86_64" ? ["-Xcc", "-mprefer-vector-width=512"] : []
    func flags(_ march: String) -> [String] {
      ["-Xcc", "-march=\(march)", "-Xcc", "-DDNC_LEVEL=\"\(name)\""] + width + crossFlags
    }
    let march = march ?? name
    return .target(
      name: module, dependencies: ["CVector", "CKernels"], path: "Sources/\(module)",
      swiftSettings: [
        .unsafeFlags(flags(testedMarch ?? march), .when(configuration: .debug)),
        .unsafeFlags(flags(march) + kernelFlags, .when(configuration: .release)),
      ] + settings + (embedded ? productSettings : []))
  }
}

let everyLevel = [
  KernelLevel(module: "KernelsV3", name: "x86-64-v3", architecture: "x86_64"),
  KernelLevel(
    module: "KernelsV4", name: "x86-64-v4", architecture: "x86_64", testedMarch: "x86-64-v3",
    settings: [.define("LANES_16")]),
  KernelLevel(module: "KernelsNEON", name: "neon", architecture: "aarch64", march: "armv8-a"),
]
let levels = everyLevel.filter { $0.architecture == architecture }

let notOfLibrary =
  ["Autodiff", "CPlatform", "CPNG", "CDNC", "CVector", "CKernels", "Kernels"] + everyLevel.map(\.module)
let notOfThreads = onlyThreads ? ["Learning", "Tasks", "Figures", "SelfTest", "LibraryInterface"] : []
let notOfLite =
  isLite
  ? ["Tasks", "Figures"]
    + ["Tasks", "Images", "CapacityImage", "EpisodeImage", "StateImage", "TrainingImage"].map {
      "LibraryInterface/\($0).swift"
    } : []
let notOfProgram = ["Tests", "bindings", "build", "curricula", "data", "docs", "include", "models", "tools"]
// The product runs with every glibc from 2.17 on: see platform.h. A sanitizer knows the present versions only.
let oldFlags = isSanitized ? [] : ["-Xcc", "-DDNC_OLD_GLIBC"]
let coverageFlags =
  isFuzzed ? ["-sanitize-coverage=edge,indirect-calls,trace-cmp,inline-8bit-counters,pc-table"] : []
// The tests run the library optimized, ten times as fast, with every check of a debug build. The thread sanitizer's are
// few, and build sooner without.
let testedFlags = onlyThreads ? [] : ["-O", "-wmo", "-num-threads", "2", "-assert-config", "Debug"]
// In place of lines in the sources: a level is named where the levels are listed, and nowhere else.
let levelImports = levels.flatMap { ["-Xfrontend", "-import-module", "-Xfrontend", $0.module] }
let librarySettings: [SwiftSetting] =
  [.unsafeFlags(levelImports)]
  + (embedded
    ? productSettings + [.unsafeFlags(sizeFlags + oldFlags + crossFlags + coverageFlags)]
    : [.unsafeFlags(testedFlags, .when(configuration: .debug))])
let libraryDependencies: [Target.Dependency] =
  ["CPlatform", "CDNC", "CKernels"] + (isLite ? [] : ["CPNG"]) + levels.map { .byName(name: $0.module) }

let library: Target =
  timesMechanisms
  ? .executableTarget(
    name: "mechanisms", dependencies: libraryDependencies + ["CBench"], path: ".",
    exclude: notOfLibrary.map { "Sources/\($0)" } + notOfProgram, sources: ["Sources", "benchmarks/mechanisms"],
    swiftSettings: librarySettings, linkerSettings: [.linkedLibrary("m")])
  : .target(
    name: "DNC", dependencies: libraryDependencies, path: "Sources", exclude: notOfLibrary + notOfThreads + notOfLite,
    swiftSettings: librarySettings,
    linkerSettings: [.linkedLibrary("m")]
      + (embedded
        ? [
          .unsafeFlags(
            [
              "-use-ld=lld", "-Xlinker", "--icf=all", "-Xlinker",
              "--version-script=\(Context.packageDirectory)/dnc.map",
              "-Xlinker", "-soname", "-Xlinker", "libdnc.so.0",
              "-Xlinker", "--gc-sections", "-Xlinker", "-O2",
              "-Xlinker", "-z", "-Xlinker", isSanitized ? "undefs" : "defs",
            ])
        ] : []))

let testTargets: [Target] =
  onlyThreads
  ? [
    .testTarget(
      name: "DNCTests", dependencies: ["DNC", "CPlatform", "CDNC"], path: "Tests/DNCTests",
      sources: ["ThreadsTests.swift", "Helpers.swift"])
  ]
  : [
    .target(name: "Autodiff", path: "Sources/Autodiff"),
    .executableTarget(name: "autodiff-bench", dependencies: ["Autodiff", "DNC", "CDNC"], path: "benchmarks/autodiff"),
    .testTarget(
      name: "DNCTests", dependencies: ["DNC", "Autodiff", "CPlatform", "CPNG", "CDNC", "CKernels"],
      path: "Tests/DNCTests"),
  ]

let package = Package(
  name: "libdnc",
  products: embedded && !timesMechanisms ? [.library(name: "dnc", type: .dynamic, targets: ["DNC"])] : [],
  targets: [
    .systemLibrary(name: "CPlatform", path: "Sources/CPlatform"),
    .systemLibrary(name: "CPNG", path: "Sources/CPNG", pkgConfig: "libpng"),
    .systemLibrary(name: "CDNC", path: "Sources/CDNC"),
    .systemLibrary(name: "CVector", path: "Sources/CVector"),
    .systemLibrary(name: "CKernels", path: "Sources/CKernels"),
    library,
  ]
    + levels.map(\.target)
    + (timesMechanisms
      ? [
        .target(
          name: "CBench", path: "benchmarks/common", publicHeadersPath: ".",
          cSettings: [.unsafeFlags(["-ffp-contract=fast"])])
      ] : [])
    + (embedded ? [] : testTargets)
)
