import Foundation

/// Reads the golden files: safetensors with F64 tensors, by Foundation's JSON parser and nothing of the library's own.
struct SafetensorsFile {
  let metadata: [String: String]
  private let header: [String: Any]
  private let data: Data

  init(golden name: String) throws {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    let file = try Data(contentsOf: folder.appendingPathComponent("golden/\(name).safetensors"))
    let length = Int(file.withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) })
    header = try JSONSerialization.jsonObject(with: file[8..<8 + length]) as! [String: Any]
    metadata = header["__metadata__"] as! [String: String]
    data = Data(file[(8 + length)...])
  }

  var names: [String] { header.keys.filter { $0 != "__metadata__" }.sorted() }

  func json(_ key: String) throws -> [String: Any] {
    try JSONSerialization.jsonObject(with: Data(metadata[key]!.utf8)) as! [String: Any]
  }

  /// The tensor's numbers in row-major order; nil if there is no such tensor.
  subscript(name: String) -> [Double]? {
    guard let entry = header[name] as? [String: Any], entry["dtype"] as? String == "F64" else { return nil }
    let range = entry["data_offsets"] as! [Int]
    return data.withUnsafeBytes { bytes in
      stride(from: range[0], to: range[1], by: 8).map { bytes.loadUnaligned(fromByteOffset: $0, as: Double.self) }
    }
  }

  func shape(_ name: String) -> [Int] { (header[name] as! [String: Any])["shape"] as! [Int] }
}
